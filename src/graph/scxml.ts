import { escapeXml } from '../xml.ts'
import type { ChartState, ChartTransition } from './chart.ts'
import { isWithin } from './drawing.ts'

/**
 * W3C SCXML. Guards, actions and delays are calls of functions with their names, for whoever runs it to bring along;
 * an effect is invoked by its name.
 */
export function toScxml(root: ChartState): string {
  const id = idOf(root, root)
  const lines = [
    '<?xml version="1.0" encoding="UTF-8"?>',
    element(
      'scxml',
      {
        xmlns: 'http://www.w3.org/2005/07/scxml',
        version: '1.0',
        datamodel: 'ecmascript',
        name: root.key,
        initial: id,
      },
      stateLines(root, root),
    ),
  ]
  return `${lines.join('\n')}\n`
}

type Attributes = Record<string, string | undefined>

function stateLines(state: ChartState, root: ChartState): string[] {
  const id = idOf(state, root)
  if (state.type === 'history') return [element('history', { id })]
  const name = state.type === 'atomic' || state.type === 'compound' ? 'state' : state.type
  const initial = state.initial === undefined ? undefined : pathId(state.initial, root)
  return [
    element(name, { id, initial }, [
      ...entryLines(state, id),
      ...exitLines(state, id),
      ...state.invokes.map(({ effect }) => element('invoke', { id: `${id}.${effect}`, src: effect })),
      ...state.transitions.map((transition) => transitionLine(transition, state, root)),
      ...state.states.flatMap((inner) => stateLines(inner, root)),
    ]),
  ]
}

function entryLines(state: ChartState, id: string): string[] {
  const sends = delaysOf(state).map((delay) => {
    const event = delayEvent(id, delay)
    return element('send', { id: event, event, delayexpr: `${delay}()` })
  })
  const lines = [...sends, ...script(state.entry)]
  return lines.length === 0 ? [] : [element('onentry', {}, lines)]
}

function exitLines(state: ChartState, id: string): string[] {
  const cancels = delaysOf(state).map((delay) => element('cancel', { sendid: delayEvent(id, delay) }))
  const lines = [...cancels, ...script(state.exit)]
  return lines.length === 0 ? [] : [element('onexit', {}, lines)]
}

function delaysOf({ transitions }: ChartState): string[] {
  const delays = transitions.flatMap(({ trigger }) => (trigger.kind === 'after' ? [trigger.delay] : []))
  return [...new Set(delays)]
}

function transitionLine(transition: ChartTransition, state: ChartState, root: ChartState): string {
  const { guard, target, reenter, actions } = transition
  const attributes = {
    event: eventOf(transition, idOf(state, root)),
    cond: guard === undefined ? undefined : `${guard}()`,
    target: target === undefined ? undefined : pathId(target, root),
    type: target !== undefined && isWithin(target, state.path) && !reenter ? 'internal' : undefined,
  }
  return element('transition', attributes, script(actions))
}

function eventOf({ trigger }: ChartTransition, id: string): string | undefined {
  switch (trigger.kind) {
    case 'event':
      return trigger.name.replace(/^xstate\.done\.actor\./, 'done.invoke.')
    case 'done':
      return `done.invoke.${id}.${trigger.effect}`
    case 'error':
      return `error.invoke.${id}.${trigger.effect}`
    case 'after':
      return delayEvent(id, trigger.delay)
    case 'always':
      return undefined
  }
}

function delayEvent(id: string, delay: string): string {
  return `after.${delay}.${id}`
}

function script(actions: string[]): string[] {
  if (actions.length === 0) return []
  return [`<script>${actions.map((action) => `${escapeXml(action)}()`).join('; ')}</script>`]
}

function idOf({ path }: ChartState, root: ChartState): string {
  return pathId(path, root)
}

/** The root is a state too: it may have transitions of its own. */
function pathId(path: string, root: ChartState): string {
  return [root.key, path].filter(Boolean).join('.')
}

function element(name: string, attributes: Attributes, inside: string[] = []): string {
  const given = Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [` ${key}="${escapeXml(value)}"`],
  )
  const start = `<${name}${given.join('')}`
  if (inside.length === 0) return `${start}/>`
  return [`${start}>`, ...inside.map((line) => line.replace(/^/gm, '  ')), `</${name}>`].join('\n')
}
