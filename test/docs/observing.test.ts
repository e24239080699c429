import { subscribe, tracingChannel, unsubscribe } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { pino } from 'pino'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { traceEffects } from '../../docs/examples/opentelemetry.ts'
import type { EffectTrace } from '../../src/index.ts'
import { type TestPlace, testPlace } from '../fixtures/engine.ts'

const page = readFileSync(join(import.meta.dirname, '../../docs/observing.md'), 'utf8')

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

test('each effect becomes a span with its container’s id; a failed one says why', async () => {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  onTestFinished(traceEffects(provider.getTracer('test')))
  const engine = await place.open()
  const web = await place.sh(engine, 'sleep 100', { name: 'web' })
  await web.start()
  await web.exec(['true'])
  await web.stop()
  await web.remove()
  const broken = engine.create({ rootfs: place.rootfs, command: ['/no/such'], name: 'broken' })
  await expect(broken.then((container) => container.start())).rejects.toThrow()

  const spans = exporter.getFinishedSpans()
  const of = (name: string) => spans.filter(({ attributes }) => attributes['container.name'] === name)
  const effects = new Set(of('web').map((span) => span.name.replace('runchart ', '')))
  expect([...effects].sort()).toEqual([
    ...['cleanUp', 'createContainer', 'recordExit', 'removeContainer', 'signalContainer', 'startContainer'],
    'startSession',
  ])
  for (const { attributes, ended } of of('web')) {
    expect(ended).toBe(true)
    expect(attributes).toMatchObject({ 'container.id': web.id, 'runchart.generation': 1 })
  }
  const [failure] = of('broken').filter(({ status }) => status.code !== 0)
  expect(failure?.status.message).toContain('/no/such')
  expect(failure?.events[0]?.name).toBe('exception')
})

test('every effect that is traced is on the page, and no other', async () => {
  const seen = new Set<string>()
  const note = (trace: unknown) => void seen.add((trace as EffectTrace).effect)
  subscribe('tracing:runchart:effect:start', note)
  onTestFinished(() => void unsubscribe('tracing:runchart:effect:start', note))
  const { containerMachine, execMachine } = await import('../../machines/index.ts')
  const charted = [containerMachine, execMachine].flatMap(({ implementations }) =>
    Object.keys(implementations.actors),
  )
  const [, row = ''] = /^\| `effect` \|(.*)\|$/m.exec(page) ?? []
  expect([...row.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort()).toEqual(charted.sort())
  const engine = await place.open()
  const web = await place.sh(engine, 'sleep 100')
  await web.start()
  await web.pause()
  await web.resume()
  await web.refresh()
  await web.remove({ force: true })
  for (const effect of seen) expect(charted).toContain(effect)
  expect(seen).toContain('pauseContainer')
  expect(seen).toContain('reconcile')
})

test('nobody is traced for once the listener has gone', async () => {
  const stop = traceEffects(new BasicTracerProvider().getTracer('test'))
  const channel = tracingChannel('runchart:effect')
  expect(channel.start.hasSubscribers).toBe(true)
  stop()
  expect(channel.start.hasSubscribers).toBe(false)
})

test('what is logged of a container comes from a child logger with its id', async () => {
  const lines: { containerId?: string; msg: string }[] = []
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const engine = await place.open({ logger })
  const web = await place.sh(engine, 'sleep 100')
  await web.start()
  const { monitorPid } = web.inspect()
  process.kill(monitorPid ?? 0, 'SIGKILL')
  await web.wait()
  await expect.poll(() => lines.filter(({ msg }) => msg.includes('conmon is gone'))).not.toEqual([])
  for (const line of lines.filter(({ msg }) => msg.includes('conmon'))) {
    expect(line.containerId).toBe(web.id)
  }
})
