import { join } from 'node:path'
import { PassThrough, type Readable, Writable } from 'node:stream'
import { type AttachConnection, connectAttach } from '../attach/connection.ts'
import { Resizer, type TerminalSize } from '../attach/resize.ts'
import type { ProcessIdentity } from '../process/identity.ts'
import type { MonitoredExecOptions } from './conmon-argv.ts'
import { type DetachedExec, startMonitored } from './detached.ts'
import type { ExecCall } from './time.ts'

/** A command that runs on a terminal of its own, whose other end is in this process. */
export interface TerminalExec {
  /** undefined where it had ended before it could be looked at. */
  process: ProcessIdentity | undefined
  /** undefined where nothing is typed. Its end is typed as Ctrl-D. */
  stdin: Writable | undefined
  /** All that the terminal shows. It waits while nobody reads it, and the command with it. */
  stdout: Readable
  /** A terminal has one stream. */
  stderr: undefined
  /** 0–255, 128+n for signal n, −1 where conmon died without telling; after the last byte of output. */
  exited: Promise<number>
  /**
   * Gives the terminal another size.
   *
   * @throws RunchartError `EINPUT` for what is no size
   * @throws AttachError `EATTACHENDED` where the command has ended
   */
  resize(size: TerminalSize): Promise<void>
  /** Gives up what is still to be read. */
  release(): void
}

/** A terminal's end of input, as it is typed. */
const CONTROL_D = Buffer.of(4)

/**
 * Has conmon run a command with a terminal, and connects to that before the command runs, so that its first word is
 * not lost. Resolves once it runs.
 *
 * @throws RuntimeError with the runtime's own words; its `failure` tells a missing command from other faults
 * @throws ProgramError where conmon cannot be spawned
 * @throws AttachError `EATTACH` where conmon does not listen
 * @throws the signal's reason when aborted
 */
export async function startTerminal(options: MonitoredExecOptions, call: ExecCall): Promise<TerminalExec> {
  const screen = new PassThrough()
  const line: { connection?: AttachConnection } = {}
  const show = (data: Buffer): void => {
    if (screen.write(data)) return
    line.connection?.pause()
    screen.once('drain', () => line.connection?.resume())
  }
  try {
    const monitored = { ...options, tty: true, attach: true }
    const session = await startMonitored(monitored, call, async (conmon) => {
      conmon.letListen()
      await conmon.listens
      line.connection = await connectAttach({
        containerId: options.containerId,
        bundle: options.sessionDir,
        onOutput: ({ data }) => show(data),
        signal: call.signal,
      })
      conmon.letGo()
    })
    return handle(options, session, line.connection as AttachConnection, screen)
  } catch (error) {
    line.connection?.close()
    throw error
  }
}

function handle(
  { sessionDir, containerId, stdin }: MonitoredExecOptions,
  { process, exited }: DetachedExec,
  connection: AttachConnection,
  screen: PassThrough,
): TerminalExec {
  const resizer = new Resizer(join(sessionDir, 'ctl'), containerId)
  const shown = connection.ended.then(() => void screen.end())
  return {
    process,
    stdin: stdin ? keyboard(connection) : undefined,
    stdout: screen,
    stderr: undefined,
    exited: Promise.all([exited, shown]).then(([code]) => code ?? -1),
    resize: (size) => resizer.resize(size),
    release: () => connection.close(),
  }
}

function keyboard(connection: AttachConnection): Writable {
  const type = (data: Buffer, done: (error?: Error) => void): void => {
    connection.write(data).then(() => done(), done)
  }
  const writable = new Writable({
    write: (chunk: Buffer, _encoding, done) => type(chunk, done),
    final: (done) => type(CONTROL_D, done),
  })
  // The command may have ended before it is all typed.
  writable.on('error', () => {})
  void connection.ended.then(() => writable.destroy())
  return writable
}
