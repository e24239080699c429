import { describe, expect, test } from 'vitest'
import { type AnyStateMachine, createMachine, StateMachine } from 'xstate'
import * as machines from '../../machines/index.ts'
import { CONTAINER_STATES } from '../../src/types.ts'
import { faults, stateNodes, unreachable } from './walk.ts'

const charts = Object.entries(machines).filter(
  (entry): entry is [string, (typeof entry)[1] & AnyStateMachine] => entry[1] instanceof StateMachine,
)

test('there are charts to walk', () => {
  expect(charts.map(([name]) => name)).toContain('containerMachine')
})

describe.each(charts)('%s', (_, machine) => {
  test('names no action, guard, actor or delay that it does not have, and handles every failure', () => {
    expect(faults(machine)).toEqual([])
  })

  test('has no state that cannot be reached', () => {
    expect(unreachable(machine)).toEqual([])
  })

  test('says of every state what it means', () => {
    const silent = stateNodes(machine).filter((node) => node.parent !== undefined && !node.meta?.description)
    expect(silent.map((node) => node.key)).toEqual([])
  })
})

test('the container chart has the states that the public API names, and no other', () => {
  const states = Object.keys(machines.containerMachine.states).sort()
  expect(states).toEqual([...CONTAINER_STATES].sort())
})

describe('the walk itself', () => {
  const broken = createMachine({
    initial: 'a',
    states: {
      a: {
        entry: 'noSuchAction',
        invoke: { src: 'noSuchActor' },
        after: { noSuchDelay: { target: 'b' } },
        on: {
          go: { guard: 'noSuchGuard', target: 'b' },
          run: { guard: () => true, target: 'b' },
        },
      },
      b: {},
      island: {},
    },
  }) as AnyStateMachine

  test('finds each kind of fault', () => {
    expect(faults(broken).sort()).toEqual([
      'a: a guard without a name on run',
      'a: noSuchActor has no onError',
      'a: unknown action noSuchAction',
      'a: unknown actor noSuchActor',
      'a: unknown delay noSuchDelay',
      'a: unknown guard noSuchGuard',
    ])
  })

  test('finds a state that cannot be reached', () => {
    expect(unreachable(broken)).toEqual(['island'])
  })
})
