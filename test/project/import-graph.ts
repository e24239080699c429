import { dirname, join } from 'node:path'
import { readSources, type Source } from './tree.ts'

/** One import of one file. */
export interface Import {
  /** The file that imports. */
  from: string
  /** The project's file that is imported, or the package's name; `node:…` for Node's own. */
  to: string
  /** Whether `to` is a file of the project. */
  local: boolean
  /** Gone when the types are: nothing is loaded. */
  typeOnly: boolean
  /** An import expression: loaded when it is reached, if ever. */
  dynamic: boolean
}

const STATIC = /^\s*(?:import|export)\s+(?<type>type\s)?(?:[^'"`;]*?\sfrom\s+)?['"](?<name>[^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*['"](?<name>[^'"]+)['"]/g

/** Every import in the TypeScript files of the given top-level folders. */
export async function importsOf(...folders: string[]): Promise<Import[]> {
  const inFolders = (path: string) =>
    /\.tsx?$/.test(path) && (folders.includes('.') || folders.some((folder) => path.startsWith(`${folder}/`)))
  return (await readSources(inFolders)).flatMap(importsIn)
}

/** The imports in one file. */
export function importsIn({ path, text }: Source): Import[] {
  const found = [
    ...[...text.matchAll(STATIC)].map((match) => ({ match, dynamic: false })),
    ...[...text.matchAll(DYNAMIC)].map((match) => ({ match, dynamic: true })),
  ]
  return found.map(({ match: { groups = {} }, dynamic }) => {
    const name = groups.name ?? ''
    const local = name.startsWith('.')
    return {
      from: path,
      to: local ? join(dirname(path), name) : packageOf(name),
      local,
      typeOnly: groups.type !== undefined,
      dynamic,
    }
  })
}

/** `a/b` of package a; `@s/a/b` of package @s/a. */
function packageOf(name: string): string {
  if (name.startsWith('node:')) return name
  return name.split('/', name.startsWith('@') ? 2 : 1).join('/')
}

/**
 * The room that a file is in: src/cli for all of src/cli. A file directly in a top-level folder, such as
 * src/types.ts, is a room by itself.
 */
export function roomOf(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}

/** The first circle found among arrows, as its stations in order; undefined where there is none. */
export function findCycle(arrows: readonly (readonly [string, string])[]): string[] | undefined {
  const next = new Map<string, Set<string>>()
  for (const [from, to] of arrows) next.set(from, (next.get(from) ?? new Set()).add(to))
  const done = new Set<string>()
  const visit = (node: string, trail: string[]): string[] | undefined => {
    if (trail.includes(node)) return [...trail.slice(trail.indexOf(node)), node]
    if (done.has(node)) return undefined
    for (const target of next.get(node) ?? []) {
      const cycle = visit(target, [...trail, node])
      if (cycle !== undefined) return cycle
    }
    done.add(node)
    return undefined
  }
  for (const node of next.keys()) {
    const cycle = visit(node, [])
    if (cycle !== undefined) return cycle
  }
  return undefined
}

/** All that is loaded when a file is: files and packages. */
export function loadedBy(entry: string, imports: readonly Import[]): Set<string> {
  const loaded = new Set([entry])
  for (const file of loaded) {
    for (const { from, to, typeOnly, dynamic } of imports) {
      if (from === file && !typeOnly && !dynamic) loaded.add(to)
    }
  }
  return loaded
}
