/**
 * runchart: a container engine in which every container is a state machine.
 *
 * @packageDocumentation
 */
export { type EngineOptions, openEngine } from './engine/open.ts'
export type { InspectionEvent, Inspector } from './engine/work/inspection.ts'
export type { EffectTrace } from './engine/work/tracing.ts'
export * from './errors.ts'
export * from './types.ts'
