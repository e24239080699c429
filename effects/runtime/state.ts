import { quote } from '../quote.ts'

const STATUSES = ['created', 'running', 'paused', 'stopped'] as const

/** What `runc state` says of a container. */
export interface RuntimeState {
  id: string
  status: (typeof STATUSES)[number]
  /** The first process on the host; 0 where it is gone. */
  pid: number
  /** Absolute. */
  bundle: string
}

/** Linux has no pid above this, 2^22. */
const MAX_PID = 4_194_304

/** Reads the output of `state`. @throws Error saying what is wrong with it */
export const parseRuntimeState = (stdout: string): RuntimeState => toState(parseJson(stdout, '{'), stdout)

/** Reads the output of `list`, where runc writes `null` for none. @throws Error saying what is wrong with it */
export function parseRuntimeStates(stdout: string): RuntimeState[] {
  const value = parseJson(stdout, '[') ?? []
  if (Array.isArray(value)) return value.map((each) => toState(each, stdout))
  throw new Error(`its list of containers is none: ${quote(stdout)}`)
}

function toState(value: unknown, stdout: string): RuntimeState {
  const { id, status, pid = 0, bundle = '' } = assertObject(value, stdout)
  const known = STATUSES.find((each) => each === status)
  if (known === undefined) throw new Error(`it reports the unknown status ${quote(status)}`)
  if (typeof id !== 'string' || typeof bundle !== 'string')
    throw new Error('its state lacks an id or a bundle')
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 0 || pid > MAX_PID) {
    throw new Error(`its state has the pid ${quote(pid)}`)
  }
  return { id, status: known, pid, bundle }
}

/** Reads the output of `ps`, where runc writes `null` for none. @throws Error saying what is wrong with it */
export function parseProcesses(stdout: string): number[] {
  const value = parseJson(stdout, '[') ?? []
  const isPid = (pid: unknown): boolean => Number.isInteger(pid) && Number(pid) > 0 && Number(pid) <= MAX_PID
  if (Array.isArray(value) && value.every(isPid)) return value
  throw new Error(`its list of processes is none: ${quote(stdout)}`)
}

function assertObject(value: unknown, text: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`its answer is no JSON object: ${quote(text)}`)
  }
  return value as Record<string, unknown>
}

/**
 * Reads what a runtime answers, which begins with that bracket; a wrapper may have written lines before it.
 *
 * @throws Error saying what is wrong with it
 */
function parseJson(text: string, bracket: '{' | '['): unknown {
  const begin = text.lastIndexOf(`\n${bracket}`) + 1
  for (const answer of [text, text.slice(begin)]) {
    try {
      return JSON.parse(answer)
    } catch {}
  }
  throw new Error(`its answer is no JSON: ${quote(text)}`)
}
