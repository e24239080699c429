import { expect, test } from 'vitest'
import { CONTAINER_STATES, type ContainerInfo } from '../../src/index.ts'
import { commandsOf, needsForce } from '../../src/inspector/page/model/commands.ts'
import { OutputReader } from '../../src/inspector/page/model/log.ts'
import { containerHash, parseRoute, stateHash } from '../../src/inspector/page/model/route.ts'
import { listed, sortedBy, WHOLE } from '../../src/inspector/page/model/rows.ts'
import { endingAt, panned, zoomed } from '../../src/inspector/page/model/window.ts'
import { duration } from '../../src/inspector/page/model/words.ts'

const container = (name: string, facts: Partial<ContainerInfo> = {}): ContainerInfo =>
  ({
    ...{ id: `id-of-${name}`, name, state: 'running', createdAt: '2026-01-01T00:00:00.000Z', exitCode: null },
    ...{ restarts: 0, generation: 1, command: ['sleep', '10'], labels: {} },
    ...facts,
  }) as ContainerInfo

const [web, job, db] = [
  container('web', { labels: { app: 'shop' }, createdAt: '2026-01-02T00:00:00.000Z' }),
  container('job', { state: 'exited', exitCode: 3, command: ['make', 'all'] }),
  container('db', { restarts: 2, createdAt: '2026-01-03T00:00:00.000Z' }),
]
const all = [web, job, db]
const names = (ids: readonly string[]): string[] => ids.map((id) => id.replace('id-of-', ''))

test.each([
  ['name', ['db', 'job', 'web']],
  ['state', ['job', 'web', 'db']],
  ['age', ['db', 'web', 'job']],
  ['exit', ['web', 'db', 'job']],
  ['restarts', ['web', 'job', 'db']],
] as const)('the table sorts by %s', (column, order) => {
  expect(names(listed(all, { ...WHOLE, column, isDescending: false }))).toEqual(order)
})

test.each([
  ['', ['job', 'web', 'db']],
  ['WEB', ['web']],
  ['app=shop', ['web']],
  ['make all', ['job']],
  ['id-of-d', ['db']],
  ['nosuch', []],
])('its filter "%s" looks at names, ids, commands and labels', (text, found) => {
  expect(names(listed(all, { ...WHOLE, text }))).toEqual(found)
})

test('a state is listed alone, and a second click on a head turns its order around', () => {
  expect(names(listed(all, { ...WHOLE, state: 'exited' }))).toEqual(['job'])
  const once = sortedBy(WHOLE, 'name')
  expect(once).toMatchObject({ column: 'name', isDescending: false })
  expect(sortedBy(once, 'name')).toMatchObject({ column: 'name', isDescending: true })
})

test('buttons are what the chart takes in a state', () => {
  const labels = (state: (typeof CONTAINER_STATES)[number]) => commandsOf(state).map(({ name }) => name)
  expect(labels('running')).toEqual(['stop', 'pause', 'kill', 'remove'])
  expect(labels('paused')).toEqual(['stop', 'resume', 'kill', 'remove'])
  expect(labels('exited')).toEqual(['start', 'remove'])
  expect(labels('removed')).toEqual([])
  for (const state of CONTAINER_STATES) {
    const asking = commandsOf(state).flatMap(({ name, asksAgain }) => (asksAgain ? [name] : []))
    expect(['kill', 'remove']).toEqual(expect.arrayContaining(asking))
  }
  expect([needsForce('running'), needsForce('exited')]).toEqual([true, false])
})

test('addresses are read back', () => {
  expect(parseRoute(containerHash('a/b'))).toEqual({ view: 'container', id: 'a/b' })
  expect(parseRoute(stateHash('running'))).toEqual({ view: 'containers', state: 'running' })
  expect(parseRoute('#/timeline')).toEqual({ view: 'timeline' })
  expect(parseRoute('#/nonsense')).toEqual({ view: 'containers', state: '' })
})

test('the timeline zooms around a moment, pans by a share, and follows', () => {
  const window = { from: 1_000, to: 3_000 }
  expect(zoomed(window, 2, 1_500)).toEqual({ from: 1_250, to: 2_250 })
  expect(zoomed(window, 1e9, 2_000)).toEqual({ from: 1_997.5, to: 2_002.5 })
  expect(panned(window, -0.5)).toEqual({ from: 0, to: 2_000 })
  expect(endingAt(window, 9_000)).toEqual({ from: 7_000, to: 9_000 })
})

test('output is put together from its parts, without what a terminal would obey', () => {
  const reader = new OutputReader()
  const at = '2026-01-01T00:00:00.000000000Z'
  const lines = ['stdout P a', 'stderr F \u001b[31mred\u001b[0m', 'stdout F b'].map((rest) =>
    reader.read(`${at} ${rest}`),
  )
  expect(lines).toEqual([
    undefined,
    { at, stream: 'stderr', text: 'red' },
    { at, stream: 'stdout', text: 'ab' },
  ])
  expect(reader.read('nonsense')).toBeUndefined()
})

test.each([
  [0, '0 ms'],
  [1_500, '1.5 s'],
  [59_999, '59 s'],
  [3_600_000, '1 h'],
  [200_000_000, '2 d'],
])('%i ms are told as %s', (ms, words) => expect(duration(ms)).toBe(words))
