import { lstatSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { cgroups } from '../../../run/cgroups.ts'

/** What there is of one place's containers, whoever knows of it; each thing as a line that a person can read. */
export interface World {
  /** Of each container's id. */
  ofContainer: Map<string, Traces>
  /** Of no container that has ever had an event. */
  strange: string[]
}

/** What there is of one container. */
export interface Traces {
  /** conmon's processes of the container itself; a command's conmon is not one. */
  monitors: string[]
  /** Processes in its cgroup. */
  processes: string[]
  /** conmons and runtimes of commands, and runtimes at work. */
  programs: string[]
  cgroups: string[]
  /** Files, links, FIFOs and directories that only a run has. */
  files: string[]
}

const NO_TRACES = (): Traces => ({ monitors: [], processes: [], programs: [], cgroups: [], files: [] })

/** Looks at processes, cgroups and the run root, by what the kernel says and not by what an engine knows. */
export async function lookAround(root: string, runRoot: string, ids: readonly string[]): Promise<World> {
  const world: World = { ofContainer: new Map(ids.map((id) => [id, NO_TRACES()])), strange: [] }
  lookAtProcesses(world, root, runRoot)
  for (const { path } of await cgroups()) {
    const id = ids.find((each) => path.includes(each))
    if (id !== undefined) world.ofContainer.get(id)?.cgroups.push(`cgroup ${path}`)
  }
  lookAtFiles(world, root, runRoot)
  return world
}

function lookAtProcesses(world: World, root: string, runRoot: string): void {
  for (const pid of readdirSync('/proc').filter(
    (name) => /^\d+$/.test(name) && Number(name) !== process.pid,
  )) {
    const stat = read(`/proc/${pid}/stat`)
    if (stat === undefined || /\) Z /.test(stat)) continue
    const words = (read(`/proc/${pid}/cmdline`) ?? '').split('\0')
    const line = `process ${pid}: ${words.join(' ').slice(0, 200)}`
    const inside = /\/runchart-([0-9a-f]{32})\b/.exec(read(`/proc/${pid}/cgroup`) ?? '')?.[1]
    const container = inside === undefined ? undefined : world.ofContainer.get(inside)
    if (container !== undefined) container.processes.push(line)
    else if (words.some((word) => word.includes(runRoot) || word.includes(root))) file(world, words, line)
  }
}

/** By its command line: only programs that the engine started name the run root. */
function file(world: World, words: readonly string[], line: string): void {
  const id = [...world.ofContainer.keys()].find((each) => words.some((word) => word.includes(each)))
  const traces = id === undefined ? undefined : world.ofContainer.get(id)
  if (traces === undefined) world.strange.push(line)
  else if (words[0]?.endsWith('conmon') && !words.includes('--exec') && !words.includes('-e')) {
    traces.monitors.push(line)
  } else traces.programs.push(line)
}

function lookAtFiles(world: World, root: string, runRoot: string): void {
  for (const name of ['exits', 'socket', 'containers', 'runtime']) {
    for (const entry of list(join(runRoot, name))) note(world, entry, `${name}/${entry}`)
  }
  for (const id of list(join(root, 'containers'))) {
    if (!world.ofContainer.has(id)) world.strange.push(`containers/${id} in the root`)
    const bundle = join(root, 'containers', id, 'bundle')
    for (const entry of list(bundle)) {
      const stat = lstatSync(join(bundle, entry), { throwIfNoEntry: false })
      if (stat?.isFIFO() || stat?.isSocket()) note(world, id, `${id}/bundle/${entry}`)
    }
  }
}

function note(world: World, entry: string, what: string): void {
  const traces = world.ofContainer.get(entry)
  if (traces !== undefined) traces.files.push(what)
  else world.strange.push(what)
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
