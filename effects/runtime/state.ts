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

/** Reads the output of `state`. @throws Error saying what is wrong with it */
export function parseRuntimeState(stdout: string): RuntimeState {
  const value = parseObject(stdout)
  const { id, status, pid = 0, bundle = '' } = value
  const known = STATUSES.find((each) => each === status)
  if (known === undefined) throw new Error(`it reports the unknown status ${JSON.stringify(status)}`)
  if (typeof id !== 'string' || typeof bundle !== 'string')
    throw new Error('its state lacks an id or a bundle')
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid < 0) {
    throw new Error(`its state has the pid ${JSON.stringify(pid)}`)
  }
  return { id, status: known, pid, bundle }
}

function parseObject(text: string): Record<string, unknown> {
  const value = parseJson(text, '{')
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error(`its answer is no JSON object: ${JSON.stringify(text.slice(0, 200))}`)
  }
  return value as Record<string, unknown>
}

/**
 * Reads what a runtime answers, which begins with that bracket; a wrapper may have written something before it.
 *
 * @throws Error saying what is wrong with it
 */
export function parseJson(text: string, bracket: '{' | '['): unknown {
  try {
    return JSON.parse(text.slice(text.lastIndexOf(`\n${bracket}`) + 1))
  } catch (cause) {
    throw new Error(`its answer is no JSON: ${JSON.stringify(text.slice(-200))}`, { cause })
  }
}
