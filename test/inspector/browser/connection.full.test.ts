import type { Page } from 'playwright-core'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Engine } from '../../../src/index.ts'
import { openSimulatedEngine } from '../../../src/testing/index.ts'
import { inspected, partsOf } from '../inspected.ts'
import { live, openedPage, whyNoBrowser } from './browser.ts'

const reason = await whyNoBrowser()

async function opened() {
  const world = await openSimulatedEngine()
  onTestFinished(() => world[Symbol.asyncDispose]())
  const web = await world.engine.create({ rootfs: '/any', command: ['sleep'], name: 'web' })
  await web.start()
  return { web, engine: world.engine, ...(await openedPage(world.engine)) }
}

/** Resolves once the page has come as far as the engine; what it has taken on the way is told. */
async function takenUpTo({ events }: Engine, page: Page): Promise<number> {
  await page.locator(`[data-seq="${events.last}"]`).waitFor()
  return Number(await page.locator('[data-taken]').getAttribute('data-taken'))
}

describe.skipIf(reason !== undefined)(`a lost connection${reason ? ` (${reason})` : ''}`, () => {
  test('is made anew, again and again, and no event is missed or taken twice', async () => {
    const { web, engine, inspector, page } = await opened()
    await page.getByRole('row', { name: /^web/ }).getByRole('link').click()
    await page.getByRole('heading', { name: 'web' }).waitFor()
    for (let round = 0; round < 10; round += 1) {
      await web.pause()
      inspector.server.closeAllConnections()
      await web.resume()
      await live(page)
    }
    expect(await takenUpTo(engine, page)).toBe(engine.events.last)
    const rows = page.getByRole('table', { name: 'Last transitions' }).getByRole('row')
    const told = (await rows.allTextContents()).slice(1).map((text) => /[a-z]+/.exec(text)?.[0])
    const states = [...engine.events.past(0)].flatMap((event) => (event.type === 'state' ? [event.to] : []))
    expect(told).toEqual(states.slice(-30).reverse())
  })

  test('is said, and what happens meanwhile is there when it is back', async () => {
    const { web, engine, inspector, page } = await opened()
    await page.route('**/v1/follow*', (route) => route.abort())
    inspector.server.closeAllConnections()
    await page.getByText('reconnecting …').waitFor()
    await web.stop()
    await engine.create({ rootfs: '/any', command: ['sleep'], name: 'new' })
    await page.unroute('**/v1/follow*')
    await live(page)
    await page.getByRole('row', { name: /^web/ }).getByText('exited').waitFor()
    await page.getByRole('row', { name: /^new/ }).getByText('created').waitFor()
    expect(await takenUpTo(engine, page)).toBe(engine.events.last)
  })

  test('to an owner that another has followed, with a token of its own, is not made anew', async () => {
    const { engine, inspector, page } = await opened()
    const { port } = partsOf(inspector)
    await inspector.close()
    await inspected(engine, port)
    await page.getByRole('alert').getByText('needs the token').waitFor()
  })
})
