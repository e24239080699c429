import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { quote } from '../../../effects/quote.ts'
import { AttachError, InvalidInputError } from '../../errors.ts'
import { toMilliseconds } from '../../spec/options.ts'
import { parseSignal } from '../../spec/signals.ts'
import type {
  CollectOptions,
  ExecExit,
  ExecResult,
  ExecSession,
  SessionOptions,
  TerminalSize,
} from '../../types.ts'
import { unlessAborted } from '../../unless-aborted.ts'
import type { Supervisor } from '../supervisor.ts'
import type { Session } from './session.ts'

const DEFAULT_OUTPUT_BYTES = 1024 * 1024
const DEFAULT_STOP_TIMEOUT = 10
const SIGTERM = 15

/** Runs a command and gives its handle once it runs. */
export async function openSession(
  supervisor: Supervisor,
  command: string[],
  options: SessionOptions,
  purpose?: 'probe',
): Promise<ExecSession> {
  return sessionHandle(await supervisor.sessions.start(command, options, purpose))
}

/** Runs a command to its end. The seed's execContainer with buffers for streams. */
export async function collectExec(
  supervisor: Supervisor,
  command: string[],
  { stdin, maxOutputBytes = DEFAULT_OUTPUT_BYTES, ...options }: CollectOptions,
  purpose?: 'probe',
): Promise<ExecResult> {
  if (!Number.isSafeInteger(maxOutputBytes) || maxOutputBytes < 0) {
    throw new InvalidInputError(`invalid limit of output ${quote(maxOutputBytes)}`, {
      hint: 'give a number of bytes',
    })
  }
  const withInput = { ...options, stdin: stdin !== undefined }
  const session = await openSession(supervisor, command, withInput, purpose)
  const { stdout, stderr } = session as { stdout: Readable; stderr: Readable }
  session.stdin?.end(stdin)
  const [out, err, exit] = await Promise.all([
    collect(stdout, maxOutputBytes),
    collect(stderr, maxOutputBytes),
    session.exited,
  ])
  options.signal?.throwIfAborted()
  const truncated = out.truncated || err.truncated
  return { exitCode: exit.code, signal: exit.signal, stdout: out.text, stderr: err.text, truncated }
}

/** Ends one session, or all that live, and resolves once they are over. The seed's execStopContainer. */
export async function stopSessions(
  supervisor: Supervisor,
  { session, timeout = DEFAULT_STOP_TIMEOUT }: { session?: string | undefined; timeout?: number | undefined },
): Promise<void> {
  const grace = toMilliseconds('stop timeout', timeout)
  if (supervisor.row.state === 'paused') {
    throw supervisor.refuse('stop a command in', 'resume it first: a frozen process takes no signal')
  }
  const chosen = session === undefined ? supervisor.sessions.all() : [supervisor.sessions.find(session)]
  await Promise.all(chosen.map((one) => one.stop(SIGTERM, grace)))
}

function sessionHandle(session: Session): ExecSession {
  const { attached, supervisor } = session
  return {
    id: session.id,
    containerId: supervisor.id,
    pid: session.row.process?.pid ?? null,
    stdin: (attached?.stdin as Writable | undefined) ?? null,
    stdout: attached?.stdout ?? null,
    stderr: attached?.stderr ?? null,
    exited: session.exited,
    resize: (size, { signal } = {}) => unlessAborted(resizeTerminal(session, size), signal),
    kill: async (signal = 'SIGKILL', call = {}) =>
      unlessAborted(session.kill(parseSignal(signal)), call.signal),
    async stop({ timeout = DEFAULT_STOP_TIMEOUT, signal } = {}): Promise<ExecExit> {
      await unlessAborted(session.stop(SIGTERM, toMilliseconds('stop timeout', timeout)), signal)
      return unlessAborted(session.exited, signal)
    },
    async [Symbol.asyncDispose]() {
      if (attached !== undefined) await session.stop(SIGTERM, 0)
    },
  }
}

async function resizeTerminal({ attached, supervisor }: Session, size: TerminalSize): Promise<void> {
  if (attached !== undefined && 'resize' in attached) return attached.resize(size)
  throw new AttachError('ENOTERMINAL', `the command in container ${supervisor.name} has no terminal here`, {
    containerId: supervisor.id,
    hint: 'start it with `tty`, and not detached',
  })
}

/** The first bytes of a stream, which is read to its end. */
async function collect(stream: Readable, limit: number): Promise<{ text: string; truncated: boolean }> {
  const chunks: Buffer[] = []
  let kept = 0
  let truncated = false
  stream.on('data', (chunk: Buffer) => {
    const part = chunk.subarray(0, limit - kept)
    kept += part.length
    truncated ||= part.length < chunk.length
    if (part.length > 0) chunks.push(part)
  })
  await once(stream, 'end')
  return { text: Buffer.concat(chunks).toString('utf8'), truncated }
}
