import { DOMParser, type Element, onErrorStopParsing } from '@xmldom/xmldom'
import { describe, expect, it } from 'vitest'
import { historyOf } from '../../src/timeline/history.ts'
import { toSvg } from '../../src/timeline/svg.ts'
import { CONTAINER_STATES, type EngineEvent } from '../../src/types.ts'
import { eventsOf } from './events.ts'

const web = eventsOf('web')
const life = [
  web.state(0, null, 'running'),
  web.state(10, 'running', 'paused'),
  web.lost(15),
  web.state(20, 'paused', 'exited', { exitCode: 0 }),
  web.state(40, 'exited', 'removing', { exitCode: 0 }),
]

function draw(events: EngineEvent[]): { text: string; root: Element; inLanes: (name: string) => Element[] } {
  const text = toSvg(historyOf(events))
  const document = new DOMParser({ onError: onErrorStopParsing }).parseFromString(text, 'text/xml')
  const root = document.documentElement as Element
  const lanes = [...root.getElementsByTagName('g')].filter((group) => group.getAttribute('class') === 'lane')
  return { text, root, inLanes: (name) => lanes.flatMap((lane) => [...lane.getElementsByTagName(name)]) }
}

const titleOf = (element: Element) => element.getElementsByTagName('title')[0]?.textContent

describe('the picture', () => {
  it('has a span for each state, as long as it lasted, with its words', () => {
    const spans = draw(life).inLanes('rect')
    expect(spans.map((span) => span.getAttribute('class'))).toEqual(['running', 'paused', 'over', 'busy'])
    const [running, paused, over] = spans.map((span) => Number(span.getAttribute('width')))
    expect(paused).toBe(running)
    expect(over).toBe(2 * (running ?? 0))
    expect(spans.map(titleOf)).toEqual([
      'running, run 1, 2026-03-01 00:00:00.000 to 2026-03-01 00:00:10.000 (10 s)',
      'paused, run 1, 2026-03-01 00:00:10.000 to 2026-03-01 00:00:20.000 (10 s)',
      'exited, run 1, 2026-03-01 00:00:20.000 to 2026-03-01 00:00:40.000 (20 s)',
      'removing, run 1, since 2026-03-01 00:00:40.000',
    ])
  })

  it('shows a state that was over at once', () => {
    const spans = draw([...life, web.state(40, 'removing', 'removed')]).inLanes('rect')
    expect(Number(spans.at(-1)?.getAttribute('width'))).toBeGreaterThan(0)
  })

  it('marks exits and faults, in shapes of their own', () => {
    const picture = draw(life)
    const marked = (name: string) =>
      picture.inLanes(name).map(({ parentNode }) => titleOf(parentNode as Element))
    expect(marked('path')).toEqual(['conmon was lost, 2026-03-01 00:00:15.000'])
    expect(marked('circle')).toEqual(['exit code 0, 2026-03-01 00:00:20.000'])
  })

  it('has the times below, and a legend of every kind of span and mark', () => {
    const { root } = draw(life)
    const texts = [...root.getElementsByTagName('text')].map(({ textContent }) => textContent)
    expect(texts).toEqual(expect.arrayContaining(['00:00:00', '00:00:10', '00:00:40']))
    for (const words of [
      'running',
      'paused',
      'on its way',
      'in doubt',
      'not started',
      'exited',
      'exit code 0',
    ])
      expect(texts).toContain(words)
  })

  it('has a look for every state', () => {
    const states = CONTAINER_STATES.filter((state) => state !== 'removed')
    const events = states.map((state, index) => web.state(index, state, state))
    const looks = draw(events)
      .inLanes('rect')
      .map((span) => `${titleOf(span)?.split(',')[0]}: ${span.getAttribute('class')}`)
    expect(looks).toContain('creating: busy')
    expect(looks).toContain('reconciling: doubt')
    expect(looks).toContain('created: waiting')
    expect(new Set(looks.map((look) => look.split(':')[0])).size).toBe(states.length)
  })

  it('takes a name for a name, whatever is in it', () => {
    const name = `<script>alert("1")</script> & 'co'`
    const [label] = draw([eventsOf(name).state(0, null, 'configured')]).inLanes('text')
    expect(label && titleOf(label)).toBe(`${name} id-of-${name}`)
    expect(label?.firstChild?.nodeValue).toBe(`${name.slice(0, 23)}…`)
  })

  it('of nothing says so', () => {
    const { root, inLanes } = draw([])
    expect(root.getAttribute('aria-label')).toBe('Nothing has happened')
    expect(inLanes('rect')).toEqual([])
  })

  it('of one moment has a place for it', () => {
    const { text } = draw([web.state(0, null, 'configured')])
    expect(text).not.toMatch(/NaN|Infinity/)
  })

  it('can be read out, needs nothing else, and is for light and dark', () => {
    const { text, root } = draw(life)
    expect(root.getAttribute('role')).toBe('img')
    expect(root.getAttribute('aria-label')).toBe(
      '1 container, 2026-03-01 00:00:00.000 to 2026-03-01 00:00:40.000 UTC',
    )
    expect(text.replace(/xmlns="[^"]*"/, '')).not.toMatch(/https?:|href|@import|url\(|<script/)
    expect(text).toContain('prefers-color-scheme: dark')
  })
})
