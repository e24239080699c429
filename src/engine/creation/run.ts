import { placeMonitor } from '../../../effects/cgroup/monitor.ts'
import type { ConmonOptions } from '../../../effects/conmon/argv.ts'
import { type CreatedContainer, createContainer, killMonitor } from '../../../effects/conmon/create.ts'
import { makeSlirpPipe, type SlirpPipe } from '../../../effects/network/slirp.ts'
import { type PortReservation, reservePorts } from '../../../effects/ports/reserve.ts'
import { findProgram } from '../../../effects/runtime/find.ts'
import type { Supervisor } from '../supervisor.ts'

/**
 * Has conmon make a run of the container, its ports held and conmon in its own cgroup. However it fails, conmon and
 * the runtime it ran are dead. `further` is what this run has beyond the container's settings.
 */
export async function createRun(
  supervisor: Supervisor,
  signal: AbortSignal,
  further: Partial<ConmonOptions> = {},
): Promise<CreatedContainer> {
  const ports = await holdPorts(supervisor, signal)
  let network: SlirpPipe | undefined
  try {
    network = await openNetwork(supervisor)
    const held = network === undefined ? [] : [network.writerFd]
    const heldFds = [...ports.fds, ...held, ...(further.heldFds ?? [])]
    const created = await createContainer(
      { ...conmonOptions(supervisor), ...further, heldFds },
      {
        signal,
        limit: supervisor.engine.limit,
        timeoutMs: supervisor.engine.creation.runtimeTimeoutMs,
        beforeStart: (pid) => place(supervisor, pid, signal),
      },
    )
    await connect(supervisor, network, created, signal)
    return created
  } finally {
    // conmon has them by now, or there is none.
    network?.close()
    await ports.release()
  }
}

async function openNetwork({ settings, paths }: Supervisor): Promise<SlirpPipe | undefined> {
  if (settings.network !== 'slirp4netns') return undefined
  return makeSlirpPipe(findProgram('slirp4netns'), paths.runDirectory)
}

/** A container that was promised a network is not kept without. */
async function connect(
  { paths, engine, id }: Supervisor,
  network: SlirpPipe | undefined,
  { process, lifeline }: CreatedContainer,
  signal: AbortSignal,
): Promise<void> {
  try {
    await network?.connect(process.pid, signal)
  } catch (error) {
    await engine.runtime.delete(id, { force: true })
    await killMonitor(paths.runDirectory, lifeline)
    lifeline.close()
    throw error
  }
}

/** What conmon is told of a container. */
export function conmonOptions({ engine, paths, id, settings }: Supervisor): ConmonOptions {
  const { creation } = engine
  const { xdgRuntimeDir, notifySocket, userNamespace, listenFds } = creation.inherited
  return {
    conmonPath: engine.conmonPath,
    runtimePath: engine.runtime.path,
    runtimeRoot: engine.runtime.root,
    id,
    bundle: paths.bundle,
    runDir: paths.runDirectory,
    logPath: paths.log,
    exitsDir: engine.paths.exits,
    socketsDir: engine.paths.sockets,
    terminal: settings.terminal === true,
    stdin: settings.stdin === true,
    logLevel: creation.conmonLogLevel,
    logSizeMax: creation.logSizeMax,
    noPivot: creation.noPivot,
    extraEnv: creation.conmonEnv,
    systemdCgroup: settings.monitor?.cgroupManager === 'systemd',
    exitCommand: settings.monitor?.exitCommand,
    conmonPidFile: settings.monitor?.conmonPidFile,
    ...{ xdgRuntimeDir, notifySocket, userNamespace, listenFds },
  }
}

function holdPorts({ settings, logger }: Supervisor, signal: AbortSignal): Promise<PortReservation> {
  const { ports = [], reservePorts: reserved = false } = settings.monitor ?? {}
  // slirp4netns would have to bind them itself.
  const isReserved = reserved && settings.network !== 'slirp4netns'
  return reservePorts(isReserved ? ports : [], { warn: (message) => logger.warn(message), signal })
}

/** A conmon that stays where it is does its work all the same. */
async function place({ settings, logger }: Supervisor, pid: number, signal: AbortSignal): Promise<void> {
  const placement = settings.monitor?.placement
  if (placement === undefined) return
  try {
    await placeMonitor(placement, pid, signal)
  } catch (error) {
    logger.warn({ err: error }, 'conmon could not be moved to a cgroup of its own')
  }
}
