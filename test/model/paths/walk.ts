import { isDeepStrictEqual } from 'node:util'
import type { AnyStateMachine } from 'xstate'
import type { Description } from './description.ts'
import { Driven, held } from './driven.ts'
import { cellName, edgeName } from './edges.ts'
import { labelOf, type Path, pathsFrom } from './paths.ts'

/** What all paths of a chart have been through. */
export interface Walked {
  paths: number
  steps: number
  edges: Set<string>
  cells: Set<string>
}

/** Drives a chart along every path that it gives rise to; throws where it goes elsewhere. */
export async function walk(description: Description): Promise<Walked> {
  const walked: Walked = { paths: 0, steps: 0, edges: new Set(), cells: new Set() }
  for (const start of description.starts) {
    const machine = held(start.machine ?? description.machine)
    for (const path of pathsFrom({ ...start, machine }, description)) {
      await follow(path, machine, start.input, walked)
    }
  }
  return walked
}

async function follow(path: Path, machine: AnyStateMachine, input: unknown, walked: Walked): Promise<void> {
  const driven = new Driven(machine, input, (transition, leaf) => {
    walked.edges.add(edgeName(transition))
    if (leaf !== undefined) walked.cells.add(cellName(leaf, transition))
  })
  walked.paths += 1
  // The first is no step, but the start.
  const [, ...steps] = path.steps
  for (const [index, { event, state }] of steps.entries()) {
    await driven.take(event)
    walked.steps += 1
    const { value } = driven.snapshot
    if (isDeepStrictEqual(value, state.value)) continue
    const taken = steps.slice(0, index + 1).map((step) => labelOf(step.event))
    throw new Error(
      `${taken.join(', ')} leads to ${JSON.stringify(value)}, not ${JSON.stringify(state.value)}`,
    )
  }
}
