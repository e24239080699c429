/** What conmon reports of a create: the container's first process, or the runtime's words on its failure. */
export type SyncMessage = { pid: number } | { failed: string }

/** The longest line that is read, in bytes; conmon sends at most 8191 of a message, escaped. */
export const MAX_SYNC_LINE = 64 * 1024

/** Linux has no pid above this, 2^22. */
const MAX_PID = 4_194_304

/** Reads one line of the sync pipe. What is no such message is a failure that quotes it; never throws. */
export function parseSyncMessage(line: string): SyncMessage {
  const value = line.length > MAX_SYNC_LINE ? undefined : parseObject(line)
  if (value === undefined)
    return { failed: `conmon sent no message but ${JSON.stringify(line.slice(0, 200))}` }
  // `data` is what conmon calls it under its later interface.
  const pid = value.pid ?? value.data
  if (typeof pid === 'number' && Number.isInteger(pid) && pid > 0 && pid <= MAX_PID) return { pid }
  return { failed: typeof value.message === 'string' ? value.message.trim() : '' }
}

function parseObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}
