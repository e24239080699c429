import { onTestFinished } from 'vitest'
import type { Container, CreateOptions, Engine, EngineEvent } from '../../src/index.ts'
import { openSimulatedEngine, type SimulationOptions } from '../../src/testing/index.ts'

/** A simulated engine for one test, and what moves its world. */
export async function simulated(options?: SimulationOptions) {
  const world = await openSimulatedEngine(options)
  onTestFinished(() => world[Symbol.asyncDispose]())
  const { engine, clock, faults } = world
  return { world, engine, clock, faults }
}

export const SLEEPER = { rootfs: '/any', command: ['sleep', '10'] }

/** A container that runs. */
export async function started(engine: Engine, options: CreateOptions = {}): Promise<Container> {
  const container = await engine.create({ ...SLEEPER, ...options })
  await container.start()
  return container
}

/** The states that a container went through. */
export const statesOf = (events: Iterable<EngineEvent>, { id }: Container): string[] =>
  [...events].flatMap((event) => (event.type === 'state' && event.containerId === id ? [event.to] : []))
