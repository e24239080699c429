import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { execa } from 'execa'

/** What was measured on, and with what: nothing that names the machine. */
export interface Machine {
  kernel: string
  cpus: string
  memoryGb: number
  cgroups: string
  /** By program; those that are not installed are left out. */
  versions: Record<string, string>
}

const PROGRAMS: readonly (readonly [string, ...string[]])[] = [
  ['conmon', '--version'],
  ['runc', '--version'],
  ['crun', '--version'],
  ['podman', '--version'],
  ['containerd', '--version'],
  ['dockerd', '--version'],
]

/** Looks at this machine. */
export async function machine(): Promise<Machine> {
  const versions: Record<string, string> = { node: process.version }
  for (const [program, ...args] of PROGRAMS) {
    const version = await versionOf(program, args)
    if (version !== undefined) versions[program] = version
  }
  return {
    kernel: `Linux ${release().split('-', 1)}`,
    cpus: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}`,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    cgroups: cgroups(),
    versions,
  }
}

async function versionOf(program: string, args: readonly string[]): Promise<string | undefined> {
  const { stdout, failed } = await execa(program, args, { reject: false, stdin: 'ignore' })
  return failed ? undefined : /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0]
}

function cgroups(): string {
  const version = mounts().includes(' - cgroup ') ? 'version 1' : 'version 2'
  const moves = mounts().includes('favordynmods') ? ', favordynmods' : ''
  return `${isHybrid() ? 'versions 1 and 2 (hybrid)' : version}${moves}`
}

/** Whether cgroup2 is mounted beside version 1. */
export const isHybrid = (): boolean => [' - cgroup ', ' - cgroup2 '].every((type) => mounts().includes(type))

const mounts = (): string => readFileSync('/proc/self/mountinfo', 'utf8')
