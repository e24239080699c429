import { signalName } from '../../spec/signals.ts'
import type { ContainerRow } from '../../store/records.ts'
import type { ContainerInfo, HealthInfo } from '../../types.ts'

/** What `inspect` shows of a container's restarts. */
export function restartInfo({ settings, facts }: ContainerRow): Pick<ContainerInfo, 'restart' | 'restarts'> {
  const { restart: policy } = settings
  if (policy === undefined) return { restart: null, restarts: 0 }
  const { state = 'idle', restarts = 0 } = facts.restart ?? {}
  return { restart: { policy: policy.name, maxRetries: policy.maxRetries || null, state }, restarts }
}

/** What `inspect` shows of a container's health. */
export function healthInfo({ facts }: ContainerRow): HealthInfo | null {
  if (facts.health === undefined) return null
  const { state: status, failingStreak, results } = facts.health
  return { status, failingStreak, results: [...results] }
}

/** The stages of a stop that says nothing itself. */
export function stagesInfo({ stopStages }: ContainerRow['settings']): ContainerInfo['stopStages'] {
  if (stopStages === undefined) return null
  return stopStages.map(({ signal, graceMs }) => ({
    signal: signalName(signal) ?? String(signal),
    grace: graceMs / 1_000,
  }))
}
