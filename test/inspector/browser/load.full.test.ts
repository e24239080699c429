import { once } from 'node:events'
import { join } from 'node:path'
import { execa } from 'execa'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { browser, live, whyNoBrowser } from './browser.ts'

const reason = await whyNoBrowser()
const CONTAINERS = 10_000
const RATE = 1_000
/** Transitions that are looked at. */
const LOOKED_AT = 5_000

describe.skipIf(reason !== undefined)(`10,000 containers${reason ? ` (${reason})` : ''}`, () => {
  let owner: BusyOwner
  beforeAll(async () => {
    owner = await busyOwner()
  }, 300_000)
  afterAll(() => owner.end())

  test.each([
    ['the chart and the table', '#/'],
    ['the timeline', '#/timeline'],
  ])('and 1,000 transitions a second: %s stays smooth', { timeout: 300_000 }, async (what, hash) => {
    const page = await emptyPage()
    const idle = await framesIn(page, () => page.waitForTimeout(2_000))
    await page.goto(owner.url)
    await live(page)
    await page.getByText('10,000 containers', { exact: false }).first().waitFor()
    await page.evaluate((to) => {
      location.hash = to
    }, hash)
    owner.make(RATE)
    await taken(page, (await takenBy(page)) + RATE)
    const from = await takenBy(page)
    const busy = await framesIn(page, () => taken(page, from + LOOKED_AT))
    owner.make(0)
    const rate = Math.round(((await takenBy(page)) - from) / busy.seconds)
    console.log(
      `${what}: ${busy.rate.toFixed(1)} frames a second with ${rate} transitions a second; ` +
        `an empty page has ${idle.rate.toFixed(1)}; the longest between two frames ${busy.longest.toFixed(0)} ms`,
    )
    expect(busy.rate).toBeGreaterThan(Math.min(30, idle.rate / 2))
  })

  test('only the rows that are seen are in the page, and the last one is found with one key', async () => {
    const page = await emptyPage()
    await page.goto(owner.url)
    const table = page.getByRole('grid', { name: 'Containers' })
    await page.getByText('10,000 containers', { exact: true }).waitFor()
    expect(await table.getAttribute('aria-rowcount')).toBe('10001')
    expect(await table.getByRole('row').count()).toBeLessThan(60)
    await table.focus()
    await page.keyboard.press('End')
    await table.getByRole('row', { name: /^sim-09999/ }).waitFor()
    await page.getByLabel('Filter').fill('sim-0123')
    await page.getByText('10 containers', { exact: true }).waitFor()
  })
})

interface BusyOwner {
  url: string
  /** Has it make that many transitions a second. */
  make: (rate: number) => void
  end: () => Promise<void>
}

/** An owner of many containers in a process of its own. */
async function busyOwner(): Promise<BusyOwner> {
  const program = join(import.meta.dirname, 'busy-owner.ts')
  const running = execa(process.execPath, [program, String(CONTAINERS)], { reject: false, stderr: 'inherit' })
  const [line] = await once(running.stdout, 'data')
  return {
    url: String(line).trim(),
    make: (rate) => void running.stdin.write(`${rate}\n`),
    async end() {
      running.stdin.end()
      await running
    },
  }
}

async function emptyPage(): Promise<Page> {
  const page = await (await browser()).newPage({ viewport: { width: 1280, height: 800 } })
  onTestFinished(() => page.close())
  return page
}

/** How many frames the page shows meanwhile. */
async function framesIn(page: Page, wait: () => Promise<unknown>) {
  await page.evaluate(() => {
    const frames: number[] = []
    Object.assign(window, { frames })
    const next = (at: number): void => {
      frames.push(at)
      if (Object.hasOwn(window, 'isOver')) return
      requestAnimationFrame(next)
    }
    requestAnimationFrame(next)
  })
  await wait()
  const times = await page.evaluate(() => (window as unknown as { frames: number[] }).frames.slice())
  const seconds = ((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000
  const gaps = times.slice(1).map((time, at) => time - (times[at] ?? 0))
  return { seconds, rate: gaps.length / seconds, longest: Math.max(...gaps) }
}

/** How many events the page has taken. */
async function takenBy(page: Page): Promise<number> {
  return Number(await page.locator('[data-taken]').getAttribute('data-taken'))
}

async function taken(page: Page, count: number): Promise<void> {
  await page.waitForFunction(
    (least) => Number(document.querySelector<HTMLElement>('[data-taken]')?.dataset.taken) >= least,
    count,
    { timeout: 120_000, polling: 250 },
  )
}
