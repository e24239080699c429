import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import type { CgroupManager } from '../../effects/cgroup/placement.ts'
import { assertExitWatch } from '../../effects/process/exit-watch.ts'
import { readBootId } from '../../effects/process/identity.ts'
import { createLimiter } from '../../effects/process/limiter.ts'
import { findProgram, programVersion } from '../../effects/runtime/find.ts'
import { findRuntime } from '../../effects/runtime/first-usable.ts'
import { createRuntime, type Runtime } from '../../effects/runtime/runtime.ts'
import { makeOwnDirectory } from '../root/own.ts'
import { makeDirectory, makeRunDirectories, type Ownership, own } from '../root/ownership.ts'
import { defaultRoot, defaultRunRoot, type EnginePaths, enginePaths } from '../root/paths.ts'
import { type Retention, validRetention } from '../store/events/retention.ts'
import { openStore } from '../store/open.ts'
import type { Engine } from '../types.ts'
import { type CreationOptions, creationSettings } from './creation/settings.ts'
import { presentBoot, type RestartStopped } from './policies/boot.ts'
import type { Inspector } from './work/inspection.ts'
import { assembleEngine } from './world/assemble.ts'
import { realWorld } from './world/real.ts'

/** What an engine is opened with; everything has a default. */
export interface EngineOptions extends CreationOptions {
  /** Where state is kept; absolute. `/var/lib/runchart`, or `$XDG_DATA_HOME/runchart` for other users. */
  root?: string | undefined
  /** Where exits and sockets are; absolute. `/run/runchart`, or `$XDG_RUNTIME_DIR/runchart` for other users. */
  runRoot?: string | undefined
  /** Name or absolute path of an OCI runtime, or several, of which the first usable one is taken; `runc`. */
  runtime?: string | readonly string[] | undefined
  /** Name or absolute path of conmon; `conmon`. */
  conmon?: string | undefined
  /** Name or absolute path of CRIU, which checkpoints need; the `criu` that the runtime finds. */
  criu?: string | undefined
  /** How many events are kept, and for how long. */
  retention?: Retention | undefined
  /** How many programs may run at once; twice the cores. One that has hung for seconds does not count. */
  concurrency?: number | undefined
  /**
   * When the restart policy `always` starts what the user has stopped, as the engine opens: `after-boot`, where the
   * machine was restarted since, and where left out; `always`, whenever it opens, as a service does; `never`, as one
   * that is opened for a single command.
   */
  restartStopped?: RestartStopped | undefined
  /**
   * Is told what the charts of containers, of commands in them and of policies do, as XState tells it: for a visualizer
   * such as Stately's inspector. It cannot hurt a container: see docs/observing.md.
   *
   * @example
   * const { inspect } = createWebSocketInspector({ url: 'ws://localhost:8080' }) // of @statelyai/inspect
   * await using engine = await openEngine({ inspect })
   */
  inspect?: Inspector | undefined
  /** Where the engine logs; it is silent without one. */
  logger?: Logger | undefined
}

/**
 * Opens a root and becomes its only owner. Containers that an earlier engine left are asked for and taken over
 * before this resolves.
 *
 * Throws InvalidInputError for an option that is none, ProgramError where conmon or the runtime is missing or too old, RootError where a directory cannot be
 * used, RootOwnedError where another engine lives there, StoreError where the store cannot be read.
 *
 * Answers to the seed's newOCIRuntime.
 *
 * @example
 * await using engine = await openEngine({ root: '/var/lib/ci', runRoot: '/run/ci' })
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const logger = options.logger ?? pino({ level: 'silent' })
  const creation = creationSettings(options, logger.level)
  const boot = presentBoot(readBootId(), options.restartStopped)
  const retention = validRetention(options.retention)
  if (creation.monitorLost === 'keep') await assertExitWatch()
  const conmonPath = findProgram(options.conmon ?? 'conmon')
  const [runtimePath] = await Promise.all([
    findRuntime([options.runtime ?? 'runc'].flat()),
    programVersion(conmonPath, { expected: 'conmon' }),
  ])
  const owned: Ownership[] = []
  try {
    const paths = ownPaths(options, owned)
    const [limit, killLimit] = [createLimiter(options.concurrency), createLimiter(options.concurrency)]
    const runtimeAt = onceFor((path, manager) =>
      createRuntime({
        ...{ path, root: paths.runtimeRoot, limit, killLimit, timeoutMs: creation.runtimeTimeoutMs },
        systemdCgroup: manager === 'systemd',
        xdgRuntimeDir: creation.inherited.xdgRuntimeDir,
        notifySocket: creation.inherited.notifySocket,
      }),
    )
    const store = await openStore({
      ...{ path: paths.store, lastToldPaths: paths.lastTold, bootId: boot.id },
      onTrouble: (error) => logger.warn({ err: error }, 'the number of the newest event is not kept'),
      onRestart: () => forgetRuntimeState(paths),
    })
    return await assembleEngine({
      ...{ paths, owned, store, retention, world: realWorld, creation, logger },
      inspector: options.inspect,
      ...{ conmonPath, criu: options.criu, runtimeAt, limit, boot },
      runtime: runtimeAt(runtimePath, creation.cgroupManager),
    })
  } catch (error) {
    for (const ownership of owned) ownership.release()
    throw error
  }
}

type RuntimeAt = (path: string, manager: CgroupManager) => Runtime

/** Containers of one runtime share it: what they ask at once it is asked once. */
function onceFor(make: RuntimeAt): RuntimeAt {
  const made = new Map<string, Runtime>()
  return (path, manager) => {
    const key = `${manager} ${path}`
    const runtime = made.get(key) ?? make(path, manager)
    made.set(key, runtime)
    return runtime
  }
}

/** Makes and takes both directories; what is taken is in `owned`, also when this throws. */
function ownPaths(options: EngineOptions, owned: Ownership[]): EnginePaths {
  const root = makeDirectory(options.root ?? defaultRoot())
  const runRoot = makeDirectory(options.runRoot ?? defaultRunRoot())
  owned.push(own(root))
  if (runRoot !== root) owned.push(own(runRoot))
  const paths = enginePaths(root, runRoot)
  makeOwnDirectory(paths.exits, 0o750)
  makeRunDirectories(paths)
  makeOwnDirectory(join(root, 'containers'))
  return paths
}

/**
 * After a restart of the machine nothing in it is true. A runtime knows a process by its number and the tick of its
 * start, which a machine that boots as it did before may give to another; asked to delete, it would kill that one.
 */
function forgetRuntimeState({ runtimeRoot }: EnginePaths): void {
  rmSync(runtimeRoot, { recursive: true, force: true })
  makeOwnDirectory(runtimeRoot)
}
