import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { connectOwner } from '../../src/client/client.ts'
import { makeRootfs } from '../fixtures/rootfs.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'

/** The command line's program, from its sources. */
export const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname

const options = { reject: false, stripFinalNewline: false, cleanup: true } as const

/** One command line, as a user gives it, in a process of its own; `detached` in a session of its own. */
export const runchart = (
  args: readonly string[],
  env: Record<string, string> = {},
  { detached = false, main = MAIN }: { detached?: boolean; main?: string } = {},
) => execa(process.execPath, [main, ...args], { ...options, env, detached })

/** A verb under way or ended. */
export type Verb = ReturnType<typeof runchart>

/** A root of a test's own, worked on with the real command line. */
export interface CliPlace extends AsyncDisposable {
  readonly path: string
  readonly root: string
  readonly runRoot: string
  readonly rootfs: string
  /** The options that come before each verb. */
  readonly globals: readonly string[]
  /** Runs a verb. */
  cli(...args: string[]): Verb
  /** `run` of one shell script, with flags before it. */
  sh(script: string, ...flags: string[]): Verb
  /** The owner's process id. */
  owner(): Promise<number>
  /** Ends the owner and waits until it is gone. */
  endOwner(signal: NodeJS.Signals): Promise<void>
}

/** With the command line of another build, where one is named. Containers, owner and directory are gone when it is disposed of. */
export async function cliPlace(main = MAIN): Promise<CliPlace> {
  const directory = await temporaryDirectory()
  const { path } = directory
  const [root, runRoot] = [join(path, 'root'), join(path, 'run')]
  const globals = ['--root', root, '--run-root', runRoot]
  const rootfs = await makeRootfs(path)
  const cli = (...args: string[]): Verb => runchart([...globals, ...args], {}, { main })
  const owner = async (): Promise<number> => {
    const client = connectOwner(join(runRoot, 'owner.sock'))
    return (await client.version().finally(() => client.close())).pid
  }
  const endOwner = async (signal: NodeJS.Signals): Promise<void> => {
    const pid = await owner()
    process.kill(pid, signal)
    while (isAlive(pid)) await delay(10)
  }
  return {
    ...{ path, root, runRoot, rootfs, globals, cli, owner, endOwner },
    sh: (script, ...flags) => cli('run', ...flags, '--rootfs', rootfs, 'sh', '-c', script),
    async [Symbol.asyncDispose]() {
      const ids = (await cli('ps', '-aq')).stdout.split('\n').filter(Boolean)
      if (ids.length > 0) await cli('rm', '-f', ...ids)
      // A test may have left none.
      await endOwner('SIGTERM').catch(() => {})
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** Whether a process is there and not just waiting to be reaped. */
export function isAlive(pid: number): boolean {
  const [state] = statOf(pid)
  return state !== undefined && state !== 'Z'
}

/** What the kernel says of a process, or of `PID/task/THREAD`, from its state on; nothing where there is none. */
export function statOf(pid: number | string): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ')
  } catch {
    return []
  }
}

/** Resolves once a verb is connected to its owner and neither does anything more: it waits for an answer. */
export async function waits({ pid = 0 }: Verb, owner: number): Promise<void> {
  if (!(pid > 0 && owner > 1)) throw new Error(`no verb ${pid} can wait for an owner ${owner}`)
  const isConnected = (): boolean =>
    readdirSync(`/proc/${pid}/fd`).some((fd) => Number(fd) > 2 && isSocket(pid, fd))
  // User and system time.
  const spent = (): string => [pid, owner].map((each) => statOf(each).slice(11, 13).join()).join()
  for (let before = ''; !isConnected() || before !== spent() || ![pid, owner].every(sleeps); ) {
    before = spent()
    await delay(300)
  }
}

/** Whether all of a process's threads sleep; one that has used no time may only be waiting for its turn. */
function sleeps(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) => statOf(`${pid}/task/${thread}`)[0] === 'S')
}

function isSocket(pid: number, fd: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith('socket:')
  } catch {
    return false
  }
}

/** Resolves once a verb has printed that; rejects where it ends without. */
export function printed(verb: Verb, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let seen = ''
    verb.stdout.on('data', (chunk: Buffer) => {
      seen += chunk.toString()
      if (seen.includes(text)) resolve()
    })
    verb.stdout.once('end', () => reject(new Error(`it ended without printing ${text}: ${seen}`)))
  })
}
