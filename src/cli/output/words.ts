import type { ContainerInfo, HealthStatus } from '../../types.ts'

const MINUTE = 60
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A span in words, as docker says it. */
export function inWords(seconds: number): string {
  if (seconds < 1) return 'Less than a second'
  if (seconds < 2) return '1 second'
  if (seconds < MINUTE) return `${Math.floor(seconds)} seconds`
  if (seconds < 2 * MINUTE) return 'About a minute'
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} minutes`
  if (seconds < 1.5 * HOUR) return 'About an hour'
  if (seconds < 2 * DAY) return `${Math.round(seconds / HOUR)} hours`
  if (seconds < 14 * DAY) return `${Math.floor(seconds / DAY)} days`
  if (seconds < 60 * DAY) return `${Math.floor(seconds / DAY / 7)} weeks`
  if (seconds < 730 * DAY) return `${Math.floor(seconds / DAY / 30)} months`
  return `${Math.floor(seconds / DAY / 365)} years`
}

/** How long ago a moment was. A clock that was set back does not make it negative. */
export function ago(at: string, now: number): string {
  return `${since(at, now)} ago`
}

/** A container's state in words, with its age. */
export function statusInWords(info: ContainerInfo, now: number): string {
  const { state, exitCode, startedAt, finishedAt, restart, health } = info
  const up = `Up ${startedAt === null ? '' : since(startedAt, now)}`.trim()
  if (state === 'running') return health === null ? up : `${up} (${healthInWords(health.status)})`
  if (state === 'paused') return `${up} (Paused)`
  if (exitCode !== null && finishedAt !== null && restart?.state === 'backing-off') {
    return `Restarting (${exitCode}) ${ago(finishedAt, now)}`
  }
  if (exitCode !== null && finishedAt !== null) return `Exited (${exitCode}) ${ago(finishedAt, now)}`
  return state.charAt(0).toUpperCase() + state.slice(1)
}

const healthInWords = (status: HealthStatus): string => (status === 'starting' ? 'health: starting' : status)

function since(at: string, now: number): string {
  return inWords(Math.max(0, (now - Date.parse(at)) / 1000))
}
