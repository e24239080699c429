import { type ChartState, statesOf } from './chart.ts'
import { type Arrow, type Drawing, drawingOf, type Note } from './drawing.ts'

const FONT = 'fontname="Helvetica,Arial,sans-serif"'
/** Letters on a line of a box. */
const WIDTH = 28
const INK = '#52525b'
const COLOUR = { event: '#1d4ed8', flow: INK, failure: '#b91c1c' } as const

/**
 * For Graphviz. A state's box has its path as its id, and `state` among its classes; an arrow has its number in the
 * drawing as its id, and its tone among its classes.
 */
export function toDot(root: ChartState): string {
  const drawing = drawingOf(root)
  const lines = [
    'graph [compound=true, nodesep=0.35, ranksep=0.5, pad=0.25, bgcolor="#ffffff"]',
    `graph [${FONT}, fontsize=12, fontcolor="#18181b"]`,
    `node [shape=box, style="rounded,filled", fillcolor="#ffffff", color="${INK}"]`,
    `node [${FONT}, fontsize=12, fontcolor="#18181b"]`,
    `edge [${FONT}, fontsize=11, arrowsize=0.7]`,
    ...insideOf(root, drawing),
    ...arrowsOf(drawing),
  ]
  return `digraph ${quote(root.key)} {\n${lines.map(indent).join('\n')}\n}\n`
}

function insideOf(state: ChartState, drawing: Drawing): string[] {
  return [
    ...startLines(state),
    ...state.states.flatMap((inner) => (inner.states.length === 0 ? [box(inner)] : cluster(inner, drawing))),
    ...drawing.notes.filter(({ inside }) => inside === state.path).map(note),
  ]
}

function startLines({ path, initial }: ChartState): string[] {
  if (initial === undefined) return []
  const dot = quote(startOf(path))
  return [
    `${dot} [class="start", shape=circle, label="", width=0.14, fillcolor="${INK}"]`,
    `${dot} -> ${quote(initial)} [class="flow", color="${COLOUR.flow}"]`,
  ]
}

function box(state: ChartState): string {
  const look = state.type === 'final' ? ', peripheries=2' : ''
  return `${quote(state.path)} [id=${quote(state.path)}, class="state", label=${labelOf(state)}${look}]`
}

function cluster(state: ChartState, drawing: Drawing): string[] {
  return [
    `subgraph ${quote(`cluster ${state.path}`)} {`,
    `  graph [id=${quote(state.path)}, class="state", label=${labelOf(state)}, style=rounded, color="${INK}"]`,
    ...insideOf(state, drawing).map(indent),
    '}',
  ]
}

function labelOf({ key, description = '', invokes }: ChartState): string {
  return quote([key, ...wrap(description), ...invokes.map(({ effect }) => `do ${effect}`)].join('\n'))
}

function note({ id, text }: Note): string {
  return `${quote(id)} [class="note", shape=note, style=filled, fontsize=11, label=${quote(text.split('\n').flatMap(wrap).join('\n'))}]`
}

function arrowsOf({ root, arrows }: Drawing): string[] {
  const order = statesOf(root).map(({ path }) => path)
  return arrows.map((arrow, index) => {
    const isBack = order.includes(arrow.to) && order.indexOf(arrow.from) > order.indexOf(arrow.to)
    return arrowLine(arrow, root, isBack, index)
  })
}

/**
 * Graphviz draws from state to state; where one is a box of states, the line is cut at its border. It also puts what
 * an arrow leaves above what it leads to: one that goes back in the order of the states is given to it backwards.
 */
function arrowLine(
  { from, to, tone, labels }: Arrow,
  root: ChartState,
  isBack: boolean,
  index: number,
): string {
  const [upper, lower] = isBack ? [to, from] : [from, to]
  const [tail, head] = [leafOf(upper, root), leafOf(lower, root)]
  const attributes = [
    `id="arrow ${index}", class="${tone}", color="${COLOUR[tone]}", fontcolor="${COLOUR[tone]}"`,
    `label=${quote(labels.join('\n'))}`,
    ...(isBack ? ['dir=back'] : []),
    ...(tail === upper ? [] : [`ltail=${quote(`cluster ${upper}`)}`]),
    ...(head === lower ? [] : [`lhead=${quote(`cluster ${lower}`)}`]),
  ]
  return `${quote(tail)} -> ${quote(head)} [${attributes.join(', ')}]`
}

/** The state itself, or where it is a box, the dot that it begins at. */
function leafOf(path: string, root: ChartState): string {
  const state = statesOf(root).find((one) => one.path === path)
  return state?.initial === undefined ? path : startOf(path)
}

function startOf(path: string): string {
  return `start ${path}`
}

function wrap(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ').filter(Boolean)) {
    const longer = `${lines.at(-1) ?? ''} ${word}`
    if (lines.length > 0 && longer.length <= WIDTH) lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
}

function indent(line: string): string {
  return `  ${line}`
}
