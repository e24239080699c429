import type { CgroupUsage } from '../../../effects/cgroup/usage.ts'
import type { Clock } from '../../clock.ts'
import type { SpecHost } from '../../spec/host.ts'
import type { Spec } from '../../spec/types.ts'
import type { Attachment, AttachOptions, CreateOptions, ProcessInfo } from '../../types.ts'
import type { ContainerEffects } from '../effects.ts'
import type { SessionEffects } from '../exec/effects.ts'
import type { ExitWatchBearings } from '../exits/watch.ts'
import type { Supervisor } from '../supervisor.ts'

/**
 * All that an engine has to do with besides its store: what its charts have done to containers and commands, and how
 * it hears of them. There is the real one, and one for tests.
 */
export interface World {
  readonly clock: Clock
  readonly containers: ContainerEffects
  readonly sessions: SessionEffects
  /** The spec of a new container; throws InvalidInputError. */
  prepareSpec(id: string, options: CreateOptions, host: SpecHost): Promise<Spec>
  /** Has exits looked for until it is closed. */
  watchExits(bearings: ExitWatchBearings): WatchedExits
  /** Joins a container's present run. */
  attach(supervisor: Supervisor, options: AttachOptions): Promise<Attachment>
  /** What a container's run has used, asked at its end. Never throws. */
  usage(supervisor: Supervisor): CgroupUsage
  /** The processes of a container that is alive, its first one first. */
  processes(supervisor: Supervisor, signal?: AbortSignal): Promise<ProcessInfo[]>
  /** Whether the first process of a container is there, whatever has been seen of its exit. */
  isAlive(supervisor: Supervisor): boolean
  /** Throws where a container cannot be checkpointed and restored. */
  assertCheckpointing(supervisor: Supervisor, signal?: AbortSignal): Promise<void>
}

/** A watch of exits. */
export interface WatchedExits {
  /** Another witness told of an exit first; `wasWritten` tells whether this one could have. */
  doubt(id: string, wasWritten: boolean): void
  close(): void
}
