import { once } from 'node:events'
import { PassThrough, type Readable } from 'node:stream'
import { AttachError } from '../../../effects/errors.ts'
import { signalName } from '../../spec/signals.ts'
import type {
  CallOptions,
  EngineEvent,
  ExecExit,
  ExecSession,
  SessionOptions,
  TerminalSize,
} from '../../types.ts'
import { unlessAborted } from '../../unless-aborted.ts'
import type { Client } from '../client.ts'
import type { ClientExecSession } from '../exec.ts'
import type { RemoteEvents } from './types.ts'

/** A command that runs in a container of an owner. */
export async function openRemoteSession(
  { client, events }: { client: Client; events: RemoteEvents },
  containerId: string,
  command: string[],
  { detach, preserveFds, ...options }: SessionOptions,
): Promise<ExecSession> {
  const descriptors = preserveFds === undefined ? {} : { preserveFds: { pid: process.pid, fds: preserveFds } }
  if (detach === true) {
    const { stdin: _, size: __, ...rest } = options
    const before = events.last
    const { id, pid } = await client.execDetached(containerId, command, { ...rest, ...descriptors })
    const exited = detachedExit(events.since(before), containerId, id)
    exited.catch(() => {})
    return session(client, { id, containerId, pid, exited }, undefined, false)
  }
  const attached = await client.execStream(containerId, command, { ...options, ...descriptors })
  const { id, pid, exited } = attached
  return session(client, { id, containerId, pid, exited }, attached, options.tty === true)
}

function session(
  client: Client,
  known: Pick<ExecSession, 'id' | 'containerId' | 'pid' | 'exited'>,
  attached: ClientExecSession | undefined,
  terminal: boolean,
): ExecSession {
  const { id, containerId, exited } = known
  const streams = attached === undefined ? undefined : split(attached)
  return {
    ...known,
    stdin: attached?.stdin ?? null,
    stdout: streams?.stdout ?? null,
    stderr: terminal ? null : (streams?.stderr ?? null),
    async resize(size: TerminalSize) {
      if (attached === undefined || !terminal) throw noTerminal(containerId)
      attached.resize(size)
    },
    async kill(signal, call) {
      await client.execKill(containerId, id, signal, call)
    },
    async stop({ timeout, signal }: CallOptions & { timeout?: number | undefined } = {}): Promise<ExecExit> {
      await client.execStop(containerId, { session: id, timeout, signal })
      return unlessAborted(exited, signal)
    },
    async [Symbol.asyncDispose]() {
      if (attached === undefined) return
      await client.execKill(containerId, id).catch(() => {})
      for (const stream of [streams?.stdout, streams?.stderr]) stream?.resume()
      await exited.catch(() => {})
    },
  }
}

/** One stream as two; the command waits while either is not read. */
function split({ output }: ClientExecSession): { stdout: Readable; stderr: Readable } {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() }
  void (async () => {
    try {
      for await (const { stream, data } of output) {
        if (!streams[stream].write(data)) await once(streams[stream], 'drain')
      }
      for (const stream of Object.values(streams)) stream.end()
    } catch (error) {
      for (const stream of Object.values(streams)) stream.destroy(error as Error)
    }
  })()
  return streams
}

/** The exit of a command that lives on without whoever started it is an event. */
async function detachedExit(
  events: AsyncIterable<EngineEvent>,
  containerId: string,
  sessionId: string,
): Promise<ExecExit> {
  for await (const event of events) {
    if (event.type !== 'exec.exited' || event.sessionId !== sessionId) continue
    const { exitCode: code, cause } = event
    return { code, cause, signal: code > 128 ? signalName(code - 128) : null }
  }
  throw new AttachError('EATTACHENDED', 'the connection to the owner was closed', { containerId })
}

function noTerminal(containerId: string): AttachError {
  return new AttachError('ENOTERMINAL', 'the command has no terminal here', {
    containerId,
    hint: 'start it with `tty`, and not detached',
  })
}
