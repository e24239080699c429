import type { ChartState } from './chart.ts'
import { type Arrow, commonParent, type Drawing, drawingOf } from './drawing.ts'

/** For Mermaid, which GitHub and many others draw where it stands in Markdown. */
export function toMermaid(root: ChartState): string {
  const drawing = drawingOf(root)
  const lines = ['stateDiagram-v2', ...insideOf(root, drawing), ...liftedArrows(drawing)]
  return `${lines.join('\n')}\n`
}

function insideOf(state: ChartState, drawing: Drawing): string[] {
  const notes = drawing.notes.filter(({ inside }) => inside === state.path)
  const lines = [
    ...(state.initial === undefined ? [] : [`[*] --> ${idOf(state.initial)}`]),
    ...state.states.flatMap((inner) => stateLines(inner, drawing)),
    ...notes.map(({ id, text }) => `state "${escapeLabel(text.replaceAll('\n', ' '))}" as ${idOf(id)}`),
  ]
  return lines.map((line) => `  ${line}`)
}

function stateLines(state: ChartState, drawing: Drawing): string[] {
  const id = idOf(state.path)
  const head = `state "${escapeLabel(state.key)}" as ${id}`
  if (state.states.length > 0) return [`${head} {`, ...insideOf(state, drawing), '}']
  return state.type === 'final' ? [head, `${id} --> [*]`] : [head]
}

/**
 * Mermaid cannot draw from inside of one box to inside of another: such an arrow is drawn between the boxes, and its
 * label tells the rest.
 */
function liftedArrows(drawing: Drawing): string[] {
  const parallel = Map.groupBy(drawing.arrows.map(lift), ({ from, to }) => `${idOf(from)} --> ${idOf(to)}`)
  return [...parallel].map(([line, group]) => {
    const label = group
      .flatMap(({ labels }) => labels)
      .map(escapeLabel)
      .join('<br/>')
    return `  ${line}${label === '' ? '' : ` : ${label}`}`
  })
}

function lift({ from, to, labels }: Arrow): Pick<Arrow, 'from' | 'to' | 'labels'> {
  const parent = commonParent([from, to])
  const depth = parent === '' ? 1 : parent.split('.').length + 1
  const boxOf = (path: string): string => path.split('.').slice(0, depth).join('.')
  const rest = (word: string, path: string): string => {
    const inner = path.slice(boxOf(path).length + 1)
    return inner === '' ? '' : `${word} ${inner}`
  }
  const told = (label: string): string => [label, rest('in', from), rest('to', to)].filter(Boolean).join(' ')
  return { from: boxOf(from), to: boxOf(to), labels: labels.map(told).filter(Boolean) }
}

function idOf(path: string): string {
  return path.replace(/\W/g, '_')
}

/** What would end a label, as Mermaid's own references. */
function escapeLabel(text: string): string {
  return text.replace(/["#:;<>]/g, (character) => `#${character.charCodeAt(0)};`)
}
