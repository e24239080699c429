import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cgroupDirectory } from './directories.ts'
import type { Hierarchy } from './hierarchies.ts'

/** What the processes of a cgroup, and of those below it, have used. */
export interface CgroupUsage {
  /** Milliseconds of CPU; null where the kernel does not tell. */
  cpuMs: number | null
  /** The most memory that was in use at once, in bytes; null where the kernel does not tell. */
  memoryPeak: number | null
}

const NANOSECONDS_PER_MS = 1_000_000
const MICROSECONDS_PER_MS = 1_000

/**
 * Reads what the cgroup of that path has used, as long as it is there, also when all its processes are gone. Version 1
 * tells of CPU and memory in a hierarchy each; version 2 of memory from Linux 5.19 on. Never throws.
 */
export function readUsage(hierarchies: readonly Hierarchy[], path: string): CgroupUsage {
  const directories = hierarchies.map((hierarchy) => cgroupDirectory(hierarchy, path))
  const first = (file: string, parse: (text: string) => number | null): number | null => {
    for (const directory of directories) {
      const value = parse(read(join(directory, file)))
      if (value !== null) return value
    }
    return null
  }
  const cpuNs = first('cpuacct.usage', wholeNumber)
  return {
    cpuMs: cpuNs === null ? first('cpu.stat', cpuOfStat) : Math.round(cpuNs / NANOSECONDS_PER_MS),
    memoryPeak: first('memory.max_usage_in_bytes', wholeNumber) ?? first('memory.peak', wholeNumber),
  }
}

/** Of `usage_usec` in a cpu.stat; version 1 has a file of that name without it. */
function cpuOfStat(text: string): number | null {
  const usage = /^usage_usec (\d+)$/m.exec(text)?.[1]
  return usage === undefined ? null : Math.round(Number(usage) / MICROSECONDS_PER_MS)
}

const wholeNumber = (text: string): number | null => (/^\d+\n?$/.test(text) ? Number(text) : null)

function read(path: string): string {
  // Mostly it is another hierarchy's; an exception for each takes longer than everything else.
  if (!existsSync(path)) return ''
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
