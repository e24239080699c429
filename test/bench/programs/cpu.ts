/**
 * Counts the CPU that a process spends on one life, in runchart and on the bare floor. In a process of its own: what a
 * spawn costs grows with the memory of whoever spawns.
 */
import { input, output } from '../bench.ts'
import { benchPlace, life } from '../place.ts'
import { interleaved } from '../rounds.ts'

const { runtime, lives, rounds, warmUp } = input<
  { runtime: string } & Record<'lives' | 'rounds' | 'warmUp', number>
>()
const interrupted = new AbortController()
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupted.abort())

await using place = await benchPlace(runtime)
const { engine, floor } = place
const spent = (work: () => Promise<void>) => async (): Promise<number> => {
  const before = process.cpuUsage()
  for (let done = 0; done < lives; done += 1) {
    interrupted.signal.throwIfAborted()
    await work()
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000 / lives
}
const contenders = [
  { name: 'runchart', measure: spent(() => life(engine, place.place.rootfs)) },
  { name: 'bare floor', measure: spent(() => floor.life()) },
]
const samples = await interleaved(contenders, { rounds, warmUp, signal: interrupted.signal })
output({ samples: [...samples], residentMb: process.memoryUsage.rss() / 2 ** 20 })
