/**
 * Writes many files into an exits directory as conmon does, and in the middle of it ends processes and waits until each
 * has its exit file: `burst.ts EXITS COUNT [ID:PID…]`. Where somebody takes a file away under its hands it goes on.
 */
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const [exits = '', count = '0', ...ends] = process.argv.slice(2)
const victims = ends.map((end) => end.split(':') as [string, string])
/** When the kernel's queue is full already: each file is four events. */
const LATE = 0.85

for (let index = 0; index < Number(count); index += 1) {
  if (index === Math.floor(Number(count) * LATE))
    for (const [, pid] of victims) process.kill(Number(pid), 'SIGTERM')
  const temporary = join(exits, `stranger-${index}.Ab12cd`)
  writeFileSync(temporary, '0')
  try {
    renameSync(temporary, join(exits, `stranger-${index}`))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
if (process.env.AWAIT_EXITS !== undefined) {
  for (const [id] of victims) while (!existsSync(join(exits, id))) await delay(10)
}
