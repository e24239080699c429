import { expect, test } from 'vitest'
import { assign, fromPromise, setup } from 'xstate'
import { chartOf, statesOf } from '../../src/graph/chart.ts'

const machine = setup({
  types: {} as { tags: 'busy'; meta: { description: string } },
  actors: { work: fromPromise(async () => {}) },
  delays: { patience: 10 },
  guards: { isReady: () => true },
  actions: { note: () => {}, sweep: () => {} },
}).createMachine({
  id: 'job',
  initial: 'waiting',
  on: { 'job.cancelled': '.over' },
  states: {
    waiting: {
      meta: { description: 'nothing to do yet' },
      always: { guard: 'isReady', target: 'working.fast' },
      on: { note: { actions: ['note', assign({})] } },
    },
    working: {
      tags: 'busy',
      entry: 'note',
      exit: 'sweep',
      initial: 'slow',
      invoke: { src: 'work', onDone: { target: 'over' }, onError: { target: '.slow', reenter: true } },
      after: { patience: 'waiting' },
      states: { slow: {}, fast: {} },
    },
    over: { type: 'final' },
  },
})

const root = chartOf(machine)
const stateAt = (path: string) => statesOf(root).find((state) => state.path === path)

test('a chart is its states, by their paths', () => {
  expect(statesOf(root).map(({ path, type }) => [path, type])).toEqual([
    ['', 'compound'],
    ['waiting', 'atomic'],
    ['working', 'compound'],
    ['working.slow', 'atomic'],
    ['working.fast', 'atomic'],
    ['over', 'final'],
  ])
  expect(root).toMatchObject({ key: 'job', initial: 'waiting' })
})

test('a state tells what it means, where it begins and what it does', () => {
  expect(stateAt('waiting')).toMatchObject({ description: 'nothing to do yet', tags: [], initial: undefined })
  expect(stateAt('working')).toMatchObject({
    description: undefined,
    tags: ['busy'],
    initial: 'working.slow',
    entry: ['note'],
    exit: ['sweep'],
    invokes: [{ effect: 'work' }],
  })
})

test('a transition tells what sets it off, its guard, its actions by name, and where it leads', () => {
  const plain = { guard: undefined, actions: [], reenter: false }
  const work = { invoke: '0.job.working', effect: 'work' }
  expect(root.transitions).toEqual([
    { ...plain, trigger: { kind: 'event', name: 'job.cancelled' }, target: 'over' },
  ])
  expect(stateAt('waiting')?.transitions).toEqual([
    { ...plain, trigger: { kind: 'always' }, guard: 'isReady', target: 'working.fast' },
    { ...plain, trigger: { kind: 'event', name: 'note' }, actions: ['note'], target: undefined },
  ])
  expect(stateAt('working')?.transitions).toEqual([
    { ...plain, trigger: { kind: 'done', ...work }, target: 'over' },
    { ...plain, trigger: { kind: 'error', ...work }, target: 'working.slow', reenter: true },
    { ...plain, trigger: { kind: 'after', delay: 'patience' }, target: 'waiting' },
  ])
})
