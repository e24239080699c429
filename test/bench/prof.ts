import { benchPlace, life } from './place.ts'

await using place = await benchPlace()
const { engine, floor } = place
const which = process.argv[2]
const work = which === 'floor' ? () => floor.life() : () => life(engine, place.place.rootfs)
for (let i = 0; i < 30; i++) await work()
const n = Number(process.argv[3] ?? 150)
const c0 = process.cpuUsage(),
  r0 = process.resourceUsage(),
  t0 = performance.now()
for (let i = 0; i < n; i++) await work()
const c = process.cpuUsage(c0),
  r = process.resourceUsage()
console.log(
  which,
  'wall',
  ((performance.now() - t0) / n).toFixed(2),
  'user',
  (c.user / n / 1000).toFixed(2),
  'sys',
  (c.system / n / 1000).toFixed(2),
  'faults',
  ((r.minorPageFault - r0.minorPageFault) / n).toFixed(0),
)
