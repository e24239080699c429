/** One call that changes the world, as a crash point is known by: the same in every run. */
export interface Step {
  when: 'before' | 'after'
  /** What is done to what, such as `rmSync RUN/exits/ID`. */
  doing: string
}

/** Where an engine is killed: at the n-th time that it comes to a step. */
export interface CrashPoint extends Step {
  /** Counted from 1. */
  occurrence: number
}

/** How a crash point is written in reports. */
export const pointName = ({ when, doing, occurrence }: CrashPoint): string =>
  `${when} ${doing}${occurrence === 1 ? '' : ` (${occurrence})`}`

const RUNTIME_VERBS = /^(?:state|start|pause|resume|ps|kill|delete|checkpoint|exec)$/

/** What a program is run for: the runtime's verb, or the kind of work that conmon is to do. */
export function programName(path: string, args: readonly string[]): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  if (name === 'conmon') return args.includes('--exec') || args.includes('-e') ? 'conmon exec' : name
  const verb = args.find((word) => RUNTIME_VERBS.test(word))
  return verb === undefined ? name : `${name} ${verb}`
}

/** Takes out of a text what is another in each run, or on each machine: directories, ids, and the cgroup's hierarchy. */
export function timeless(text: string, places: readonly (readonly [path: string, name: string])[]): string {
  const placed = places.reduce((rest, [path, name]) => rest.replaceAll(path, name), text)
  return placed.replaceAll(/[0-9a-f]{32}/g, 'ID').replaceAll(/\/sys\/fs\/cgroup\/[^/]+\//g, 'CGROUP/')
}

/** The crash points of a run that came to these steps in this order. */
export function pointsOf(steps: readonly Step[]): CrashPoint[] {
  const counts = new Map<string, number>()
  return steps.map(({ when, doing }) => {
    const key = `${when} ${doing}`
    const occurrence = (counts.get(key) ?? 0) + 1
    counts.set(key, occurrence)
    return { when, doing, occurrence }
  })
}
