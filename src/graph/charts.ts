import type { AnyStateMachine } from 'xstate'
import { containerMachine, execMachine, healthMachine, restartMachine } from '../../machines/index.ts'
import { chartOf } from './chart.ts'
import { toDot } from './dot.ts'
import { toJson } from './json.ts'
import { toMermaid } from './mermaid.ts'
import { toScxml } from './scxml.ts'

export type ChartName = 'container' | 'exec' | 'health' | 'restart'

/** Every chart that runchart runs, by its name. */
export const CHARTS: Record<ChartName, AnyStateMachine> = {
  container: containerMachine,
  exec: execMachine,
  health: healthMachine,
  restart: restartMachine,
}

/** What a chart can be written as, by the name of the format. */
export const TEXT_FORMATS = {
  mermaid: (machine) => toMermaid(chartOf(machine)),
  dot: (machine) => toDot(chartOf(machine)),
  json: toJson,
  scxml: (machine) => toScxml(chartOf(machine)),
} satisfies Record<string, (machine: AnyStateMachine) => string>
