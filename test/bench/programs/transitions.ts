/** Takes simulated containers through run after run, and counts the transitions that a subscriber is told each second. */
import type { Container } from 'runchart'
import { openSimulatedEngine } from 'runchart/testing'
import { input, output } from '../bench.ts'

/** How many containers are on their way at the same time, however many are known. */
const AT_ONCE = 100

const {
  containers: count,
  transitions,
  samples,
} = input<{
  containers: number
  transitions: number
  samples: number
}>()

await using world = await openSimulatedEngine({ programs: { true: () => 0 } })
const { engine } = world
let told = 0
const awaited = new Map<string | null, () => void>()
engine.events.subscribe((event) => {
  if (event.type !== 'state') return
  told += 1
  if (event.to === 'exited') awaited.get(event.containerId)?.()
})

const containers: Container[] = []
while (containers.length < count) {
  const more = Math.min(AT_ONCE, count - containers.length)
  const options = { rootfs: '/any', command: ['true'] }
  containers.push(...(await Promise.all(Array.from({ length: more }, () => engine.create(options)))))
}
let next = 0

/** One run, from its start to its exit being cleaned up. */
async function run(container: Container): Promise<void> {
  const exited = new Promise<void>((resolve) => {
    awaited.set(container.id, resolve)
  })
  await container.start()
  await exited
}

/** A run of each of the next. */
async function turn(): Promise<void> {
  const some = Array.from({ length: AT_ONCE }, (_, n) => containers[(next + n) % count] as Container)
  next = (next + AT_ONCE) % count
  await Promise.all(some.map(run))
}

/** Transitions a second, by the clock and by this process's own CPU time. */
async function rates(): Promise<{ clock: number; cpu: number }> {
  const [before, begun, cpuBefore] = [told, performance.now(), process.cpuUsage()]
  while (told - before < transitions) await turn()
  const count = told - before
  const { user, system } = process.cpuUsage(cpuBefore)
  return { clock: (count / (performance.now() - begun)) * 1_000, cpu: (count / (user + system)) * 1_000_000 }
}

await rates()
const measured: { clock: number; cpu: number }[] = []
while (measured.length < samples) measured.push(await rates())
output(measured)
