import { readFileSync, statSync } from 'node:fs'

/** One process, as /proc has it. */
export interface ProcessDescription {
  pid: number
  ppid: number
  uid: number
  /** ISO 8601. */
  startedAt: string
  /** Milliseconds of CPU, the kernel's part included. */
  cpuMs: number
  /** The kernel's name of it where it has no argv. */
  command: string[]
}

/** What sysconf(_SC_CLK_TCK) gives on every Linux. */
const TICKS_PER_SECOND = 100

/** What a process is doing; undefined where there is none. */
export function describeProcess(pid: number): ProcessDescription | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [open, close] = [stat.indexOf('('), stat.lastIndexOf(')')]
    // proc(5): these begin with field 3, the state.
    const fields = stat.slice(close + 2).split(' ')
    const field = (number: number): number => Number(fields[number - 3])
    const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
    return {
      pid,
      ppid: field(4),
      uid: statSync(`/proc/${pid}`).uid,
      startedAt: new Date(bootTimeMs() + toMs(field(22))).toISOString(),
      cpuMs: toMs(field(14) + field(15)),
      command: argv.length > 0 ? argv : [`[${stat.slice(open + 1, close)}]`],
    }
  } catch {
    return undefined
  }
}

const toMs = (ticks: number): number => (ticks * 1_000) / TICKS_PER_SECOND

function bootTimeMs(): number {
  return Number(/^btime (\d+)/m.exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? 0) * 1_000
}
