import { readdir, readFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Cgroup, cgroups } from './cgroups.ts'
import { ownerOf } from './ownership.ts'
import { type Process, processes } from './processes.ts'

/** What there is of runchart's on the machine, each thing by a name that a person can find it under. */
export type Picture = ReadonlySet<string>

/** Where runtimes keep their state unless they are told otherwise; ours are always told otherwise. */
const RUNTIME_ROOTS = ['/run/runc', '/run/crun']

/** Where an engine that was not given a root would write. */
const DEFAULT_ROOTS = [
  '/var/lib/runchart',
  '/run/runchart',
  join(process.env.XDG_DATA_HOME ?? join(homedir(), '.local/share'), 'runchart'),
  ...(process.env.XDG_RUNTIME_DIR === undefined ? [] : [join(process.env.XDG_RUNTIME_DIR, 'runchart')]),
]

/**
 * Looks for what a run may leave behind: processes (conmon and the containers' own among them), cgroups,
 * mounts, temporary directories and the FIFOs in them, runtime state, and files in the default roots. What is
 * another run's is left out.
 *
 * @param run the run's mark
 */
export async function takePicture(run: string): Promise<Picture> {
  const running = await processes(run)
  const found = await Promise.all([
    ourProcesses(running),
    cgroups().then((all) => ourCgroups(all, running)),
    mounts(run),
    temporaryFiles(run),
    runtimeStates(),
    defaultRoots(),
  ])
  return new Set(found.flat())
}

function ourProcesses(running: readonly Process[]): string[] {
  return running
    .filter(({ owner }) => owner === 'ours' || owner === 'unclaimed')
    .map(({ pid, startTime, title }) => `process ${pid} (started at tick ${startTime}): ${title}`)
}

/** A cgroup bears no mark; it is another's where a process of another's is in it. */
function ourCgroups(all: readonly Cgroup[], running: readonly Process[]): string[] {
  const others = new Set(running.filter(({ owner }) => owner === 'others').map(({ pid }) => pid))
  return all.filter(({ pids }) => !pids.some((pid) => others.has(pid))).map(({ path }) => `cgroup ${path}`)
}

async function mounts(run: string): Promise<string[]> {
  const table = await readFile('/proc/self/mountinfo', 'utf8')
  return table
    .split('\n')
    .filter((line) => isTold(line, run))
    .map((line) => `mount ${line.split(' ')[4]}`)
}

async function temporaryFiles(run: string): Promise<string[]> {
  const names = (await list(tmpdir())).filter((name) => name.startsWith('runchart'))
  const paths = names.map((name) => join(tmpdir(), name)).filter((path) => isTold(path, run))
  const fifos = await Promise.all(paths.map(fifosIn))
  return [...paths.map((path) => `directory ${path}`), ...fifos.flat().map((path) => `FIFO ${path}`)]
}

async function fifosIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFIFO()).map(({ parentPath, name }) => join(parentPath, name))
}

/** Other engines use these directories too; a name of 32 hexadecimal digits is one of our ids. */
async function runtimeStates(): Promise<string[]> {
  const states = await entriesOf(RUNTIME_ROOTS)
  return states
    .filter((path) => /\/([0-9a-f]{32}|[^/]*runchart[^/]*)$/.test(path))
    .map((path) => `runtime state ${path}`)
}

async function defaultRoots(): Promise<string[]> {
  return (await entriesOf(DEFAULT_ROOTS)).map((path) => `file in a default root ${path}`)
}

async function entriesOf(directories: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    directories.map(async (directory) => (await list(directory)).map((name) => join(directory, name))),
  )
  return found.flat()
}

async function list(directory: string): Promise<string[]> {
  return await readdir(directory).catch(() => [])
}

function isTold(text: string, run: string): boolean {
  const owner = ownerOf(text, run)
  return owner === 'ours' || owner === 'unclaimed'
}
