import { setTimeout as sleep } from 'node:timers/promises'
import type { Picture } from './picture.ts'

/** A process that was told to end may still be on its way out, and so may another run's cgroups. */
const PATIENCE = { looks: 26, pause: 200 }

/** What is there after, and was not before. */
export function newThings(before: Picture, after: Picture): string[] {
  return [...after].filter((thing) => !before.has(thing)).sort()
}

/**
 * What a run left behind for good. Looks again for some seconds, as long as there is something.
 *
 * @param before the picture from before the run
 * @param take takes another
 * @param patience how many looks, and the milliseconds between two
 */
export async function lastingLeftovers(
  before: Picture,
  take: () => Promise<Picture>,
  patience = PATIENCE,
): Promise<string[]> {
  let found = newThings(before, await take())
  for (let look = 1; found.length > 0 && look < patience.looks; look += 1) {
    await sleep(patience.pause)
    const now = newThings(before, await take())
    found = found.filter((thing) => now.includes(thing))
  }
  return found
}
