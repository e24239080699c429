import { describe, expect, test } from 'vitest'
import { CONTAINER_STATES, type Command, type ContainerState, TAKES } from '../../src/container-states.ts'

import { EVENTS, INTO } from './held.ts'

/** What a command has the chart asked; a command of a container's own processes is none of the chart's. */
const ASKED = Object.keys(TAKES).filter((command) => command !== 'exec') as Command[]

describe.each(ASKED)('%s is taken by the states that are said to, and by no other', (command) => {
  test.each(CONTAINER_STATES)('%s', async (state) => {
    const leaves = Object.keys(INTO).filter((leaf) => leaf.split('.')[0] === state)
    expect(leaves).not.toEqual([])
    const taken = await Promise.all(
      leaves.map(async (leaf) => {
        const held = await INTO[leaf]?.()
        const asked = EVENTS[command]?.(held?.context.generation ?? 0)
        if (held === undefined || asked === undefined) throw new Error(`no ${leaf}, or no ${command}`)
        return held.actor.getSnapshot().can(asked)
      }),
    )
    const said: readonly ContainerState[] = TAKES[command]
    expect(taken.some(Boolean)).toBe(said.includes(state))
  })
})
