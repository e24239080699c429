import { type ChartState, type ChartTransition, statesOf, type Trigger } from './chart.ts'

/** How an arrow comes about: by an event, by the end of an effect or of a wait, or by a failure. */
export type Tone = 'event' | 'flow' | 'failure'

export interface Arrow {
  /** A state's path, or a note's id. */
  from: string
  to: string
  tone: Tone
  /** What sets it off, one for each transition. */
  labels: string[]
}

/** Stands for several states, so that one arrow does for all of them. */
export interface Note {
  /** As though it were the path of a state. */
  id: string
  /** The path of the state that it is drawn in. */
  inside: string
  /** One line or several. */
  text: string
}

/** A chart as it is drawn: transitions that lead nowhere, and actions, are left out. */
export interface Drawing {
  root: ChartState
  notes: Note[]
  arrows: Arrow[]
}

/** So many states that take the same step are told in a note, and not by an arrow each. */
const CROWD = 3
/** So many states that one state may go on to by itself are told in a note. */
const FAN = 6
/** What leads on when all goes well, without a condition: always drawn. */
const MAIN_FLOW = 'done'

interface Step {
  from: string
  to: string
  tone: Tone
  label: string
}

/** What is to be seen of a chart, with as few arrows as tell it. */
export function drawingOf(root: ChartState): Drawing {
  const notes: Note[] = []
  const note: WriteNote = (inside, text) => {
    const known = notes.find((one) => one.inside === inside && one.text === text)
    if (known !== undefined) return known.id
    const id = [inside, `note ${notes.length + 1}`].filter(Boolean).join('.')
    notes.push({ id, inside, text })
    return id
  }
  const steps = statesOf(root).flatMap((state) => gatherFan(stepsOf(state, note), note))
  return { root, notes, arrows: bundle(gatherCrowds(steps, root, note)) }
}

type WriteNote = (inside: string, text: string) => string

function stepsOf(state: ChartState, note: WriteNote): Step[] {
  return state.transitions.flatMap((transition) => {
    const { target: to } = transition
    if (to === undefined) return []
    // An arrow cannot come out of a box on its inside.
    const from = isWithin(to, state.path) ? note(state.path, 'any state') : state.path
    return [{ from, to, tone: toneOf(transition.trigger), label: labelOf(transition) }]
  })
}

/** The many places that a state goes on to by itself. */
function gatherFan(steps: Step[], note: WriteNote): Step[] {
  const fan = steps.filter(({ tone }) => tone === 'flow')
  const [first] = fan
  if (first === undefined || fan.length < FAN) return steps
  const lines = fan.map(({ to, label }) => [to, /\[.*/.exec(label)?.[0]].filter(Boolean).join(' '))
  const to = note(parentOf(parentOf(first.from)), `to ${lines.join(',\n')}`)
  return [...steps.filter((step) => !fan.includes(step)), { ...first, to, label: '' }]
}

/** The many states that one thing leads to the same place from. */
function gatherCrowds(steps: Step[], root: ChartState, note: WriteNote): Step[] {
  const paths = new Set(statesOf(root).map(({ path }) => path))
  const alike = Map.groupBy(steps, ({ to, tone, label }) => [to, tone, label].join('\n'))
  return [...alike.values()].flatMap((group) => {
    const [first] = group
    const crowd = group.filter(({ from, label }) => paths.has(from) && label !== MAIN_FLOW)
    if (first === undefined || crowd.length < CROWD) return group
    const names = crowd.map(({ from }) => from)
    const from = note(commonParent(names), `in ${names.join(', ')}`)
    return [{ ...first, from }, ...group.filter((step) => !crowd.includes(step))]
  })
}

/** What leads from one state to another is one arrow; what fails is another. */
function bundle(steps: Step[]): Arrow[] {
  const parallel = Map.groupBy(steps, ({ from, to, tone }) => [from, to, tone === 'failure'].join('\n'))
  return [...parallel.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const labels = [...new Set(group.map(({ label }) => label))]
    const tone = group.find((step) => step.tone === 'event')?.tone ?? first.tone
    return [{ from: first.from, to: first.to, tone, labels }]
  })
}

function toneOf({ kind }: Trigger): Tone {
  if (kind === 'event') return 'event'
  return kind === 'error' ? 'failure' : 'flow'
}

function labelOf({ trigger, guard }: ChartTransition): string {
  return [wordsOf(trigger), guard === undefined ? '' : `[${guard}]`].filter(Boolean).join(' ')
}

function wordsOf(trigger: Trigger): string {
  switch (trigger.kind) {
    case 'event':
      return trigger.name
    case 'done':
      return MAIN_FLOW
    case 'error':
      return 'failed'
    case 'after':
      return `after ${trigger.delay}`
    case 'always':
      return ''
  }
}

/** Whether a state is inside another. */
export function isWithin(path: string, outer: string): boolean {
  return path !== outer && (outer === '' || path.startsWith(`${outer}.`))
}

/** The path of the state that a state is in; of the root, the root. */
export function parentOf(path: string): string {
  return path.split('.').slice(0, -1).join('.')
}

/** The innermost state that all of these are inside of. */
export function commonParent(paths: readonly string[]): string {
  let parent = parentOf(paths[0] ?? '')
  while (!paths.every((path) => isWithin(path, parent))) parent = parentOf(parent)
  return parent
}
