/**
 * runchart/testing: a simulated engine, so that the tests of a program that runs containers need none.
 *
 * @packageDocumentation
 */
export type { VirtualClock } from './clock.ts'
export { NotSimulatedError } from './errors.ts'
export type { Fault, Faults, FaultyVerb } from './faults.ts'
export { type Program, type ProgramProcess, type Programs, runsOn } from './program.ts'
export {
  openSimulatedEngine,
  type SimulatedExit,
  type SimulatedWorld,
  type SimulationOptions,
} from './simulated-engine.ts'
