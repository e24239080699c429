import { readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { findProgram } from '../../../effects/runtime/find.ts'

/** Where a peer keeps everything of its own, and what its containers are made of. */
export interface PeerPlace {
  /** Empty, and the peer's alone. */
  path: string
  rootfs: string
  /** Of the containers of runchart. */
  spec: object
}

/** What a user would pick instead, ready to run containers. */
export interface OpenPeer extends AsyncDisposable {
  /** A container of `true`: created, started, its exit seen, removed. */
  life(): Promise<unknown>
}

/** What a user would pick instead. */
export interface Peer {
  name: string
  /** Programs that have to be installed. */
  programs: readonly string[]
  open(place: PeerPlace): Promise<OpenPeer>
}

/** The programs of a peer that are not installed. */
export const missingPrograms = ({ programs }: Peer): string[] =>
  programs.filter((name) => {
    try {
      return findProgram(name) === ''
    } catch {
      return true
    }
  })

/** Runs a program of a peer, and gives what it printed; it rejects with what that wrote to standard error. */
export async function run(file: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(file, args, { stdin: 'ignore' })
  return stdout
}

/** A daemon in the background. Gives what ends it, and whatever it takes with it. */
export function startDaemon(file: string, args: readonly string[]): { end: () => Promise<void> } {
  const daemon = execa(file, args, { stdio: 'ignore', reject: false, forceKillAfterDelay: 10_000 })
  return {
    async end() {
      daemon.kill('SIGTERM')
      await daemon
    },
  }
}

/** Removes cgroups of that name, and what is below them, from every hierarchy that is mounted. */
export function removeCgroups(name: string, below = '/sys/fs/cgroup', depth = 3): void {
  if (depth === 0) return
  for (const entry of readdirSync(below, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    const path = join(below, entry.name)
    if (entry.name === name) removeTree(path)
    else removeCgroups(name, path, depth - 1)
  }
}

function removeTree(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(path, entry.name))
  }
  try {
    rmdirSync(path)
  } catch (error) {
    // podman takes a mount point that stands empty for the cgroups of version 2, and writes common files there.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error
    rmSync(path, { recursive: true })
  }
}
