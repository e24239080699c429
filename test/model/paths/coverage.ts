import type { Description } from './description.ts'
import { cellsOf, edgesOf } from './edges.ts'
import type { Walked } from './walk.ts'

/** How much of a chart its paths have been through. */
export interface Coverage {
  paths: number
  steps: number
  /** How many edges were taken, of how many. */
  edges: [number, number]
  /** How many pairs of state and event were taken, of how many that are not left out. */
  cells: [number, number]
  /** The edges and cells that no path has taken, and for which there is no reason. */
  missing: string[]
  /** Those that are left out, though a path has taken them. */
  needless: string[]
  /** Each reason, with the cells that it is for. */
  reasons: Map<string, string[]>
}

export function coverageOf({ machine, leftOut }: Description, walked: Walked): Coverage {
  const [edges, cells] = [edgesOf(machine), cellsOf(machine)]
  const reasons = new Map<string, string[]>()
  for (const cell of cells) {
    const reason = leftOut?.(cell)
    if (reason !== undefined) reasons.set(reason, [...(reasons.get(reason) ?? []), cell])
  }
  const without = [...reasons.values()].flat()
  const wanted = cells.filter((cell) => !without.includes(cell))
  const missing = {
    edges: edges.filter((edge) => !walked.edges.has(edge)),
    cells: wanted.filter((cell) => !walked.cells.has(cell)),
  }
  return {
    paths: walked.paths,
    steps: walked.steps,
    edges: [edges.length - missing.edges.length, edges.length],
    cells: [wanted.length - missing.cells.length, wanted.length],
    missing: [...missing.edges, ...missing.cells],
    needless: without.filter((cell) => walked.cells.has(cell)),
    reasons,
  }
}

/** Prints the table's row of a chart, and gives what must be nothing. */
export function told(
  name: string,
  { paths, steps, edges, cells, reasons, missing, needless }: Coverage,
): Pick<Coverage, 'missing' | 'needless'> {
  const row = [
    `${name}: ${paths} paths of ${steps} steps`,
    `${edges.join(' of ')} transitions`,
    `${cells.join(' of ')} pairs of state and event`,
  ]
  const leftOut = [...reasons].map(([reason, of]) => `\n  left out (${reason}): ${of.join(', ')}`)
  console.log(row.join('; ') + leftOut.join(''))
  return { missing, needless }
}
