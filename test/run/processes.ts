import { readdir, readFile, readlink } from 'node:fs/promises'
import { type Owner, ownerOf } from './ownership.ts'

/** A process on this machine. */
export interface Process {
  pid: number
  /** Clock ticks since the machine started; with the pid it names one process. */
  startTime: string
  /** Its command line, cut to what fits a line. */
  title: string
  owner: Owner
}

/** All processes but this one, each with whose it is. One that ends meanwhile is left out. */
export async function processes(run: string): Promise<Process[]> {
  const namespace = await readlink('/proc/self/ns/mnt')
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const found = await Promise.all(
    pids.filter((pid) => pid !== process.pid).map((pid) => look(pid, namespace, run)),
  )
  return found.filter((entry) => entry !== undefined)
}

async function look(pid: number, namespace: string, run: string): Promise<Process | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // A zombie holds nothing but its number, and its parent will take that.
  if (stat === undefined || fields(stat)[0] === 'Z') return undefined
  const commandLine = (await read(pid, 'cmdline')).replaceAll('\0', ' ').trim()
  const told = [
    commandLine,
    await workingDirectory(pid),
    await read(pid, 'environ'),
    await rootMount(pid, namespace),
  ]
  return {
    pid,
    startTime: fields(stat)[19] ?? '',
    title: commandLine.slice(0, 160),
    owner: ownerOf(told.join('\n'), run),
  }
}

/** The fields after the command's name, which stands in brackets and may contain anything. */
function fields(stat: string): string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

async function workingDirectory(pid: number): Promise<string> {
  return await readlink(`/proc/${pid}/cwd`).catch(() => '')
}

/**
 * A container's process is known by its own mount table, where / is a directory that a test made. A process in
 * our own mount namespace has our table, which says nothing of it.
 */
async function rootMount(pid: number, namespace: string): Promise<string> {
  const own = await readlink(`/proc/${pid}/ns/mnt`).catch(() => namespace)
  if (own === namespace) return ''
  const table = await read(pid, 'mountinfo')
  return table.split('\n').find((line) => line.split(' ')[4] === '/') ?? ''
}

async function read(pid: number, file: string): Promise<string> {
  return await readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
}
