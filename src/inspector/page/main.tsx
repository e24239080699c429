import { render } from 'preact'
import { enter, follow, newestSeq } from './feed/api.ts'
import { Feed, LockedError } from './feed/feed.ts'
import { Fleet } from './model/fleet.ts'
import { Page } from './model/page.ts'
import { App } from './views/app.tsx'

/** Events from before it was opened that the timeline begins with. */
const PAST = 5_000

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Where the page begins, or undefined where the owner does not take its token. */
async function firstSeq(): Promise<number | undefined> {
  for (;;) {
    try {
      await enter()
      return Math.max(0, (await newestSeq()) - PAST)
    } catch (error) {
      if (error instanceof LockedError) return undefined
      await wait(1_000)
    }
  }
}

async function open(root: HTMLElement): Promise<void> {
  const seq = await firstSeq()
  const fleet = new Fleet(seq)
  const page = new Page(fleet, (draw) => requestAnimationFrame(draw))
  if (seq === undefined) page.connection = 'locked'
  render(<App page={page} />, root)
  if (seq === undefined) return
  const feed = new Feed({
    connect: follow,
    seq: () => fleet.seq,
    take: (line) => {
      fleet.take(line)
      page.changed()
    },
    changed: (connection) => {
      page.connection = connection
      page.changed()
    },
    wait,
  })
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) feed.pause()
    else feed.resume()
  })
  // Ages grow also where nothing happens.
  setInterval(() => page.changed(), 1_000)
  await feed.run()
}

const root = document.getElementById('page')
if (root !== null) void open(root)
