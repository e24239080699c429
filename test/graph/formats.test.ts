import { Graphviz } from '@hpcc-js/wasm-graphviz'
import { DOMParser, type Element, onErrorStopParsing } from '@xmldom/xmldom'
import { describe, expect, it } from 'vitest'
import { createMachine } from 'xstate'
import { toSvg } from '../../docs/charts/svg.ts'
import { chartOf, statesOf } from '../../src/graph/chart.ts'
import { CHARTS } from '../../src/graph/charts.ts'
import { toDot } from '../../src/graph/dot.ts'
import { drawingOf } from '../../src/graph/drawing.ts'
import { toJson } from '../../src/graph/json.ts'
import { toMermaid } from '../../src/graph/mermaid.ts'
import { toScxml } from '../../src/graph/scxml.ts'

/** Refuses what is not well-formed, be it a warning. */
const parse = (text: string) =>
  new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, 'text/xml')

describe.each(Object.entries(CHARTS))('the %s chart', (name, machine) => {
  const root = chartOf(machine)
  const paths = statesOf(root).map(({ path }) => path)
  const inner = paths.filter((path) => path !== '')

  it('as JSON makes a machine with the same states, transitions, guards and named actions', () => {
    const again = createMachine(JSON.parse(toJson(machine)))
    expect(chartOf(again)).toEqual(root)
  })

  it('as SCXML is well-formed, and has every state once', () => {
    const document = parse(toScxml(root))
    const { documentElement } = document
    expect(documentElement).toMatchObject({
      localName: 'scxml',
      namespaceURI: 'http://www.w3.org/2005/07/scxml',
    })
    expect(documentElement?.getAttribute('initial')).toBe(name)
    const states = [...elements(document, 'state'), ...elements(document, 'final')]
    const idOf = (path: string) => [name, path].filter(Boolean).join('.')
    expect(states.map((state) => state.getAttribute('id')).sort()).toEqual(paths.map(idOf).sort())
  })

  it('as SCXML has every transition, which leads where the chart says', () => {
    const document = parse(toScxml(root))
    const found = elements(document, 'transition').map((transition) => [
      (transition.parentNode as Element).getAttribute('id'),
      transition.getAttribute('cond')?.replace('()', '') || undefined,
      transition.getAttribute('target') || undefined,
      transition.textContent?.match(/\w+(?=\(\))/g) ?? [],
    ])
    const expected = statesOf(root).flatMap(({ path, transitions }) =>
      transitions.map(({ guard, target, actions }) => [
        [name, path].filter(Boolean).join('.'),
        guard,
        target === undefined ? undefined : `${name}.${target}`,
        actions,
      ]),
    )
    expect(found.map(String).sort()).toEqual(expected.map(String).sort())
  })

  it('as SCXML waits only for events that come: its own, and those of what it begins', () => {
    const document = parse(toScxml(root))
    const invoked = elements(document, 'invoke').map((invoke) => invoke.getAttribute('id'))
    const sent = elements(document, 'send').map((send) => send.getAttribute('event'))
    const awaited = elements(document, 'transition').map(
      (transition) => transition.getAttribute('event') ?? '',
    )
    for (const event of awaited) {
      const [, kind, rest] = /^(done\.invoke|error\.invoke|after)\.(.+)$/.exec(event) ?? []
      if (kind === 'after') expect(sent).toContain(event)
      // `done.invoke.*` is of what an action begins.
      else if (kind !== undefined && rest !== '*') expect(invoked).toContain(rest)
    }
    expect(awaited.filter((event) => event.startsWith('xstate.'))).toEqual([])
  })

  it('as Mermaid has every state, and no arrow across the border of a box, which it cannot draw', () => {
    const lines = toMermaid(root).split('\n')
    expect(lines[0]).toBe('stateDiagram-v2')
    const boxes = boxesOf(lines)
    expect(inner.map((path) => path.replace(/\W/g, '_')).filter((id) => !boxes.has(id))).toEqual([])
    const arrows = lines.flatMap((line) => /^ {2,}(\S+) --> (\S+)/.exec(line)?.slice(1, 3) ?? [])
    const ends = arrows.filter((end) => end !== '[*]')
    expect(ends.filter((end) => !boxes.has(end))).toEqual([])
    for (const line of lines.filter((text) => text.startsWith('  ') && text.includes(' --> '))) {
      const [from = '', to = ''] = /(\S+) --> (\S+)/.exec(line)?.slice(1, 3) ?? []
      if (from !== '[*]' && to !== '[*]')
        expect(`${line}: ${boxes.get(from)}`).toBe(`${line}: ${boxes.get(to)}`)
    }
  })

  it('as DOT is what Graphviz takes, with every state and every arrow', async () => {
    const graphviz = await Graphviz.load()
    const drawn = JSON.parse(graphviz.layout(toDot(root), 'json', 'dot')) as {
      objects: { id?: string }[]
      edges: { id?: string }[]
    }
    const ids = drawn.objects.map(({ id }) => id)
    expect(inner.filter((path) => !ids.includes(path))).toEqual([])
    const { arrows } = drawingOf(root)
    const drawnArrows = drawn.edges.filter(({ id }) => id?.startsWith('arrow '))
    expect(drawnArrows).toHaveLength(arrows.length)
  })

  it('as SVG has for each state a group with its path as id, which tells what it means', () => {
    const document = parse(toSvg(root))
    const groups = new Map(elements(document, 'g').map((group) => [group.getAttribute('id'), group]))
    for (const { path, description } of statesOf(root).filter((state) => state.path !== '')) {
      const title = groups.get(path)?.getElementsByTagName('title')[0]?.textContent
      expect(title).toBe(`${path}: ${description}`)
    }
  })

  it('as SVG needs nothing else, and is for light and dark', () => {
    const text = toSvg(root)
    expect(text).toContain('prefers-color-scheme: dark')
    expect(text.replace(/xmlns(:\w+)?="[^"]*"/g, '')).not.toMatch(/https?:|href|@import|url\(|<script/)
    expect(parse(text).documentElement?.getAttribute('aria-label')).toBe(`the ${name} chart`)
  })
})

function elements(document: ReturnType<typeof parse>, name: string): Element[] {
  return [...document.getElementsByTagNameNS('*', name)]
}

/** The box that each state of a Mermaid chart is declared in. */
function boxesOf(lines: string[]): Map<string, string> {
  const boxes = new Map<string, string>()
  const open: string[] = []
  for (const line of lines) {
    const [, id, brace] = /^ *state ".*" as (\w+)( \{)?$/.exec(line) ?? []
    if (id !== undefined) boxes.set(id, open.join('/'))
    if (id !== undefined && brace !== undefined) open.push(id)
    if (line.trim() === '}') open.pop()
  }
  return boxes
}
