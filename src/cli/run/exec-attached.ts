import { constants } from 'node:os'
import type { Client } from '../../client/client.ts'
import type { ClientExecSession, ClientStreamOptions } from '../../client/exec.ts'
import type { ExecExit } from '../../types.ts'
import { EXIT_FAILURE } from '../exit-codes.ts'
import { note, write } from '../output/print.ts'
import { type Connected, runSession } from '../terminal/session.ts'
import { abortOnSignal, passSignals } from './signals.ts'

/**
 * Runs a command in a container with its output on this process's, and with `stdin` this process's input for its own.
 * Resolves with its exit code once all output is out.
 */
export async function execAttached(
  client: Client,
  ref: string,
  command: string[],
  options: ClientStreamOptions,
): Promise<number> {
  const { columns = 0, rows = 0 } = [process.stdout, process.stderr].find(({ isTTY }) => isTTY) ?? {}
  const size = options.tty === true && columns > 0 && rows > 0 ? { columns, rows } : undefined
  const hangUp = new AbortController()
  const session = await openOrGiveUp(client, ref, command, { ...options, size, signal: hangUp.signal })
  if (typeof session === 'number') return session
  const hint = `the command does not end; \`runchart stop ${ref}\` ends it with its container`
  const stopPassing = passSignals((signal) => client.execKill(ref, session.id, signal), hint)
  try {
    if (options.tty === true) return await onTerminal(session, hangUp)
    if (session.stdin !== null) process.stdin.pipe(session.stdin)
    for await (const { stream, data } of session.output) await write(process[stream], data)
    return toExitCode(await session.exited)
  } finally {
    if (session.stdin !== null) process.stdin.unpipe(session.stdin).pause()
    stopPassing()
  }
}

/** Its terminal on this one. Where this one goes away, the command does. */
async function onTerminal(session: ClientExecSession, hangUp: AbortController): Promise<number> {
  const { output, stdin } = session
  const terminal: Connected = {
    ...{ terminal: true, output },
    write: (data) => new Promise((resolve) => stdin?.write(data, () => resolve())),
    end: async () => void stdin?.end(),
    resize: async (size) => session.resize(size),
    detach: () => hangUp.abort(),
  }
  try {
    // No keys leave it: it would not outlive this verb.
    await runSession(terminal, { stdin: stdin !== null, detachKeys: [] })
  } catch (error) {
    if (hangUp.signal.aborted) return 128 + constants.signals.SIGHUP
    throw error
  }
  return toExitCode(await session.exited)
}

/** Where a signal comes before the command runs it is not run, and the exit code is that of the signal. */
async function openOrGiveUp(
  client: Client,
  ref: string,
  command: string[],
  options: ClientStreamOptions & { signal: AbortSignal },
): Promise<ClientExecSession | number> {
  const interruption = abortOnSignal()
  try {
    return await client.execStream(ref, command, {
      ...options,
      signal: AbortSignal.any([options.signal, interruption.signal]),
    })
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    return 128 + constants.signals[interruption.signal.reason as NodeJS.Signals]
  } finally {
    interruption.done()
  }
}

function toExitCode({ code }: ExecExit): number {
  if (code >= 0) return code
  note('runchart: how the command ended is not known')
  return EXIT_FAILURE
}
