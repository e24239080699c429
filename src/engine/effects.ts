import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromPromise } from 'xstate'
import { createContainer } from '../../effects/conmon/create.ts'
import { removeTraces } from '../../effects/conmon/traces.ts'
import { removeExitFile } from '../../effects/exits/file.ts'
import { isSameProcess } from '../../effects/process/identity.ts'
import { type CreatedFacts, containerMachine, type RunInput, type SignalInput } from '../../machines/index.ts'
import { RuntimeError } from '../errors.ts'
import { signalName } from '../spec/signals.ts'
import { endMonitor } from './monitor.ts'
import { reconcile } from './reconcile.ts'
import type { Supervisor } from './supervisor.ts'

type Find = (id: string) => Supervisor

/** The container chart with real effects; `find` gives the supervisor of a container's id. */
export function provideEffects(find: Find): typeof containerMachine {
  const effect = <Output, Input extends RunInput>(work: Work<Output, Input>) =>
    fromPromise<Output, Input>(({ input, signal }) => afterCommit(find, input, signal, work))

  return containerMachine.provide({
    actors: {
      createContainer: effect(create),
      startContainer: effect(({ engine, id }, _, signal) => engine.runtime.start(id, { signal })),
      signalContainer: fromPromise<void, SignalInput>(({ input, signal }) => answer(find, input, signal)),
      pauseContainer: effect(({ engine, id }, _, signal) => engine.runtime.pause(id, { signal })),
      resumeContainer: effect(({ engine, id }, _, signal) => engine.runtime.resume(id, { signal })),
      recordExit: effect(async ({ engine, id }) => removeExitFile(engine.paths.exits, id)),
      cleanUp: effect(cleanUp),
      removeContainer: effect(remove),
      reconcile: effect(reconcile),
    },
  })
}

type Work<Output, Input> = (supervisor: Supervisor, input: Input, signal: AbortSignal) => Promise<Output>

/** Intent before effect: the transition that asks for the work is on disk before the work begins. */
async function afterCommit<Output, Input extends RunInput>(
  find: Find,
  input: Input,
  signal: AbortSignal,
  work: Work<Output, Input>,
): Promise<Output> {
  const supervisor = find(input.id)
  // The chart calls this before its observers have heard of the transition; they have one turn later.
  await Promise.resolve()
  await supervisor.engine.journal.committed()
  signal.throwIfAborted()
  return work(supervisor, input, signal)
}

/** The seed's createOCIContainer. What failed leaves nothing in the runtime. */
async function create(supervisor: Supervisor, _: RunInput, signal: AbortSignal): Promise<CreatedFacts> {
  const { engine, paths, id } = supervisor
  const spec = supervisor.spec()
  await rm(paths.runDirectory, { recursive: true, force: true })
  await mkdir(paths.runDirectory, { recursive: true, mode: 0o700 })
  await mkdir(paths.bundle, { recursive: true, mode: 0o700 })
  await writeFile(join(paths.bundle, 'config.json'), JSON.stringify(spec), { mode: 0o600 })
  try {
    const { process, monitor, lifeline } = await createContainer(
      {
        conmonPath: engine.conmonPath,
        runtimePath: engine.runtime.path,
        runtimeRoot: engine.runtime.root,
        id,
        bundle: paths.bundle,
        runDir: paths.runDirectory,
        logPath: paths.log,
        exitsDir: engine.paths.exits,
        socketsDir: engine.paths.sockets,
        terminal: spec.process.terminal === true,
        stdin: false,
      },
      { signal: AbortSignal.any([signal, supervisor.creation.signal]), limit: engine.limit },
    )
    supervisor.hold(lifeline)
    return { process, monitor }
  } catch (error) {
    await clearAfterFailure(supervisor)
    throw error
  }
}

/** What went wrong while clearing must not hide what went wrong before. */
async function clearAfterFailure(supervisor: Supervisor): Promise<void> {
  try {
    await supervisor.engine.runtime.delete(supervisor.id, { force: true })
    await removeRunFiles(supervisor)
  } catch (error) {
    supervisor.logger.error({ err: error }, 'a create that failed could not be cleared away')
  }
}

/**
 * A signal that the chart itself sends to a process already gone has done its work. One that `kill` asked for is
 * answered to its caller; nobody awaits that actor, so its failure must not become the chart's.
 */
async function answer(find: Find, input: SignalInput, signal: AbortSignal): Promise<void> {
  if (input.request === undefined) return afterCommit(find, input, signal, signalForStop)
  const answered = find(input.id).signalRequests.get(input.request)
  try {
    await afterCommit(find, input, signal, deliver)
    answered?.(undefined)
  } catch (error) {
    answered?.(error instanceof Error ? error : new Error(String(error)))
  }
}

async function signalForStop(supervisor: Supervisor, input: SignalInput, abort: AbortSignal): Promise<void> {
  try {
    await deliver(supervisor, input, abort)
  } catch (error) {
    if (!isGone(supervisor, error)) throw error
  }
}

async function deliver(
  supervisor: Supervisor,
  { signal, all }: SignalInput,
  abort: AbortSignal,
): Promise<void> {
  await supervisor.engine.runtime.kill(supervisor.id, signal, { all, signal: abort })
  supervisor.record({ type: 'signal', signal: signalName(signal) ?? String(signal) })
}

function isGone({ row }: Supervisor, error: unknown): boolean {
  if (!(error instanceof RuntimeError)) return false
  const { process } = row.facts
  return process === null || !isSameProcess(process)
}

/** The runtime lets go, conmon has ended, and what belonged to the run is gone. */
async function cleanUp(supervisor: Supervisor, _: RunInput, signal: AbortSignal): Promise<void> {
  const { engine, id } = supervisor
  await endMonitor(supervisor, signal)
  try {
    await engine.runtime.delete(id, { signal })
  } catch (error) {
    supervisor.logger.warn({ err: error }, 'the runtime did not let go at once; it is forced')
    await engine.runtime.delete(id, { force: true, signal })
  }
  await removeRunFiles(supervisor)
}

async function removeRunFiles({ engine, paths, id }: Supervisor): Promise<void> {
  const { exits: exitsDir, sockets: socketsDir } = engine.paths
  removeTraces({ id, bundle: paths.bundle, runDir: paths.runDirectory, exitsDir, socketsDir })
  await rm(paths.runDirectory, { recursive: true, force: true })
}

async function remove(supervisor: Supervisor): Promise<void> {
  await removeRunFiles(supervisor)
  await rm(supervisor.paths.directory, { recursive: true, force: true })
}
