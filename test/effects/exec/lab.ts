import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import {
  type AttachedExec,
  createLimiter,
  type DetachedExec,
  type ExecCall,
  type MonitoredExecOptions,
  startAttached,
  startDetached,
} from '../../../effects/index.ts'
import { type Lab, openLab } from '../lab.ts'

const BASE = { env: ['PATH=/bin'], cwd: '/', user: { uid: 0, gid: 0 } }

/** A container that runs, and commands in it. */
export interface ExecLab extends AsyncDisposable {
  readonly lab: Lab
  options(command: readonly string[], changes?: Partial<MonitoredExecOptions>): MonitoredExecOptions
  attached(
    command: readonly string[],
    changes?: Partial<MonitoredExecOptions>,
    call?: Partial<ExecCall>,
  ): Promise<AttachedExec>
  detached(
    command: readonly string[],
    changes?: Partial<MonitoredExecOptions>,
    call?: Partial<ExecCall>,
  ): Promise<DetachedExec & { sessionDir: string }>
}

/** The container, and all that runs in it, is gone when it is disposed of. */
export async function openExecLab(runtimePath?: string): Promise<ExecLab> {
  const lab = await openLab(['sleep', '1000'])
  await lab.create()
  await lab.runtime.start(lab.id)
  const limit = createLimiter()
  const options: ExecLab['options'] = (command, changes) => {
    const sessionId = randomBytes(8).toString('hex')
    return {
      runtimePath: runtimePath ?? lab.runtime.path,
      runtimeRoot: lab.runtime.root,
      conmonPath: lab.options.conmonPath,
      containerId: lab.id,
      ...{
        sessionId,
        sessionDir: join(lab.path, 'run', 'exec', sessionId),
        socketsDir: join(lab.path, 'sockets'),
      },
      ...{ command, env: [], capabilities: [], tty: false, noNewPrivileges: false, preserveFds: [] },
      ...{ stdin: false, ...changes },
    }
  }
  return {
    lab,
    options,
    attached: (command, changes, call) =>
      startAttached(options(command, changes), { limit, base: BASE, ...call }),
    async detached(command, changes, call) {
      const all = options(command, changes)
      const session = await startDetached(all, { limit, base: BASE, ...call })
      return { ...session, sessionDir: all.sessionDir }
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  }
}

/** All that a stream has to say. */
export async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

/** The streams and the exit code of a command. */
export async function collect(session: AttachedExec) {
  const [stdout, stderr, code] = await Promise.all([
    text(session.stdout),
    text(session.stderr),
    session.exited,
  ])
  return { stdout, stderr, code }
}

/** A command that outlasts any test, told from those of other tests and other runs by its time. */
export const longSleep = (number: number): string[] => ['sleep', secondsOf(number)]

/** What {@link longSleep} is found by in a command line. */
export const markOf = (number: number): string => secondsOf(number)

const secondsOf = (number: number): string => `1000.${number}${process.pid}`
