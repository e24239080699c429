import type { Description } from './description.ts'
import { cellsOf, edgesOf } from './edges.ts'
import type { Walked } from './walk.ts'

/** How much of a chart its paths have been through. */
export interface Coverage {
  /** The edges and cells that no path has taken, and for which there is no reason. */
  missing: string[]
  /** Those that have a reason, and that a path has taken all the same. */
  needless: string[]
  /** A line for people. */
  line: string
  /** Each reason, with the cells that it is for. */
  reasons: Map<string, string[]>
}

export function coverageOf(name: string, { machine, leftOut }: Description, walked: Walked): Coverage {
  const [edges, cells] = [edgesOf(machine), cellsOf(machine)]
  const reasons = new Map<string, string[]>()
  const without = cells.filter((cell) => leftOut?.(cell) !== undefined)
  for (const cell of without) {
    const reason = leftOut?.(cell) ?? ''
    reasons.set(reason, [...(reasons.get(reason) ?? []), cell])
  }
  const wanted = cells.filter((cell) => !without.includes(cell))
  const taken = { edges: edges.filter((edge) => walked.edges.has(edge)), cells: wanted.filter(isIn(walked)) }
  return {
    missing: [
      ...edges.filter((edge) => !walked.edges.has(edge)),
      ...wanted.filter((cell) => !isIn(walked)(cell)),
    ],
    needless: without.filter(isIn(walked)),
    line: [
      `${name}: ${walked.paths} paths, ${walked.steps} steps`,
      `edges ${taken.edges.length} of ${edges.length}`,
      `(state, event) ${taken.cells.length} of ${wanted.length}, ${without.length} left out`,
    ].join('; '),
    reasons,
  }
}

const isIn =
  ({ cells }: Walked) =>
  (cell: string): boolean =>
    cells.has(cell)
