import { signalName } from '../../spec/signals.ts'
import type { ContainerRow } from '../../store/records.ts'
import type { ContainerInfo } from '../../types.ts'
import { monitorInfo } from '../creation/container.ts'
import { healthInfo, restartInfo, stagesInfo } from '../policies/info.ts'
import type { Supervisor } from '../supervisor.ts'

/** One of each row, so that a container that has not changed is the same object as before. */
const known = new WeakMap<ContainerRow, ContainerInfo>()

/** One container as it was committed, frozen; of the same commit it is the same object. */
export function sharedInfo(supervisor: Supervisor): ContainerInfo {
  const info = known.get(supervisor.row) ?? Object.freeze(containerInfo(supervisor))
  known.set(supervisor.row, info)
  return info
}

/** One container as it was committed. */
export function containerInfo({ row, settings, paths }: Supervisor): ContainerInfo {
  const { facts } = row
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    pid: facts.exit === null ? (facts.process?.pid ?? null) : null,
    exitCode: facts.exit?.code ?? null,
    generation: row.generation,
    createdAt: row.createdAt,
    startedAt: facts.startedAt,
    finishedAt: facts.exit?.finishedAt ?? null,
    exit: facts.exit,
    error: facts.error,
    monitorPid: facts.exit === null ? (facts.monitor?.pid ?? null) : null,
    runtime: settings.runtime,
    bundle: paths.bundle,
    logPath: paths.log,
    terminal: settings.terminal === true,
    stdin: settings.stdin === true || settings.terminal === true,
    command: settings.command,
    stopSignal: signalName(settings.stopSignal) ?? String(settings.stopSignal),
    stopTimeout: settings.stopTimeout,
    stopStages: stagesInfo(settings),
    ...monitorInfo(settings.monitor),
    network: settings.network ?? null,
    autoRemove: settings.autoRemove === true,
    labels: settings.labels ?? {},
    key: settings.key?.value ?? null,
    ...restartInfo(row),
    health: healthInfo(row),
  }
}
