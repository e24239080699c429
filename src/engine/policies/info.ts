import type { ContainerRow } from '../../store/records.ts'
import type { ContainerInfo } from '../../types.ts'

/** What `inspect` shows of a container's restarts. */
export function restartInfo({ settings, facts }: ContainerRow): Pick<ContainerInfo, 'restart' | 'restarts'> {
  const { restart: policy } = settings
  if (policy === undefined) return { restart: null, restarts: 0 }
  const { state = 'idle', restarts = 0 } = facts.restart ?? {}
  return { restart: { policy: policy.name, maxRetries: policy.maxRetries || null, state }, restarts }
}
