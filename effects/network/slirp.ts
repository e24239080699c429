import { once } from 'node:events'
import { closeSync, constants, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { makeLifeline } from '../conmon/lifeline.ts'
import { RunchartError } from '../errors.ts'
import { type Libc, loadLibc } from '../libc/libc.ts'
import { type Child, spawnChild } from '../program/child.ts'
import { baseEnvironment } from '../program/environment.ts'

/** Descriptors in slirp4netns. */
const EXIT_FD = 3
const READY_FD = 4
const READY_MS = 30_000
const MAX_WORDS = 2_000
/** The name of the container's interface. */
const INTERFACE = 'tap0'

/** slirp4netns's arguments; seed: setupRootlessNetwork. */
export function slirpArgv(pid: number): string[] {
  return [
    ...['--configure', '--mtu', '65520', '--disable-host-loopback'],
    ...['--exit-fd', String(EXIT_FD), '--ready-fd', String(READY_FD)],
    ...[String(pid), INTERFACE],
  ]
}

/** The pipe by whose end slirp4netns knows that conmon is gone. */
export interface SlirpPipe {
  /** For conmon to keep, and nobody else. */
  readonly writerFd: number
  /** Connects the network namespace of that process; resolves once it is configured. */
  connect(pid: number, signal?: AbortSignal): Promise<void>
  /** Closes both ends here. */
  close(): void
}

/**
 * Makes the pipe in a run's directory, for a conmon about to be spawned. Seed: the sync pipe of createOCIContainer.
 *
 * @param slirpPath absolute
 */
export async function makeSlirpPipe(slirpPath: string, runDir: string): Promise<SlirpPipe> {
  const path = join(runDir, 'slirp4netns.exit')
  await makeLifeline(path)
  const { O_RDONLY, O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants
  const readerFd = openSync(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
  const writerFd = openSync(path, O_WRONLY | O_NOFOLLOW)
  return {
    writerFd,
    connect: (pid, signal) =>
      connect({ slirpPath, pid, readerFd, logPath: join(runDir, 'slirp4netns.log') }, signal),
    close() {
      closeSync(readerFd)
      closeSync(writerFd)
    },
  }
}

interface Connection {
  slirpPath: string
  pid: number
  readerFd: number
  logPath: string
}

async function connect(connection: Connection, signal?: AbortSignal): Promise<void> {
  const libc = await loadLibc()
  signal?.throwIfAborted()
  let child: Child | undefined
  try {
    child = spawnSlirp(libc, connection)
    await ready(child, signal)
  } catch (error) {
    child?.killGroup()
    throw signal?.aborted === true ? signal.reason : slirpError(connection, error as Error)
  }
  // It outlives this process, as conmon does.
  child.unref()
}

function spawnSlirp(libc: Libc, { slirpPath, pid, readerFd, logPath }: Connection): Child {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants
  const logFd = openSync(logPath, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600)
  try {
    return spawnChild(libc, {
      path: slirpPath,
      args: slirpArgv(pid),
      cwd: '/',
      env: baseEnvironment({}),
      stdio: ['ignore', logFd, logFd, readerFd, 'pipe'],
    })
  } finally {
    closeSync(logFd)
  }
}

/** It writes one byte when it is ready, and closes the descriptor without where it fails. */
async function ready(child: Child, signal?: AbortSignal): Promise<void> {
  const pipe = child.pipes[READY_FD] as Readable
  const limit = AbortSignal.timeout(READY_MS)
  const stop = signal === undefined ? limit : AbortSignal.any([signal, limit])
  try {
    const said = await Promise.race([
      once(pipe, 'data', { signal: stop }).then(() => true),
      once(pipe, 'end', { signal: stop }).then(() => false),
    ])
    if (!said) throw new Error('it ended before it was ready')
  } finally {
    pipe.destroy()
  }
}

function slirpError({ slirpPath, pid, logPath }: Connection, cause: Error): RunchartError {
  const words = lastLines(logPath) || cause.message
  return new RunchartError('ENETWORK', `${slirpPath} could not connect process ${pid}: ${words}`, {
    hint: 'it needs /dev/net/tun, which must be open to this user',
    cause,
  })
}

function lastLines(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim().replaceAll('\n', '; ').slice(-MAX_WORDS)
  } catch {
    return ''
  }
}
