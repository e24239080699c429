import { describe, expect, onTestFinished, test } from 'vitest'
import { openSimulatedEngine } from '../../../src/testing/index.ts'
import { live, openedPage, whyNoBrowser } from './browser.ts'

const reason = await whyNoBrowser()

async function opened() {
  const world = await openSimulatedEngine()
  onTestFinished(() => world[Symbol.asyncDispose]())
  for (const name of ['web', 'job', 'a-container-with-a-name-that-is-rather-long-for-a-telephone']) {
    const container = await world.engine.create({ rootfs: '/any', command: ['sleep'], name })
    await container.start()
  }
  world.exit('job', { code: 3 })
  return { world, ...(await openedPage(world.engine)) }
}

describe.skipIf(reason !== undefined)(`the inspector page${reason ? ` (${reason})` : ''}`, () => {
  test('takes the token out of its address, and is let in again when it is loaded again', async () => {
    const { page, inspector, context } = await opened()
    expect(page.url()).not.toContain('token')
    await page.reload()
    await live(page)
    const [cookie] = await context.cookies()
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict' })
    await context.clearCookies()
    await page.goto(new URL('/', inspector.url).href)
    await page.getByRole('alert').getByText('needs the token').waitFor()
  })

  test('asks nobody but the server that it is from', async () => {
    const { page, inspector } = await opened()
    const asked = new Set<string>()
    page.on('request', (request) => asked.add(new URL(request.url()).origin))
    await page.reload()
    await live(page)
    expect([...asked]).toEqual([new URL(inspector.url).origin])
  })

  test('is worked by keys alone', async () => {
    const { page } = await opened()
    const running = page.getByRole('link', { name: 'running: 2 containers' })
    await running.focus()
    await page.keyboard.press('Enter')
    await page.getByText('2 in running').waitFor()
    await page.getByLabel('Filter').fill('web')
    await page.getByText('1 in running').waitFor()
    await page.getByLabel('Filter').fill('')
    await page.getByText('2 in running').waitFor()
    await page.getByRole('grid', { name: 'Containers' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: /^a-container/ }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).focus()
    await page.keyboard.press('Space')
    await page.getByRole('button', { name: 'Resume' }).waitFor()
  })

  test('sorts by a click on a head, and says so', async () => {
    const { page } = await opened()
    const head = page.getByRole('columnheader', { name: 'Name' })
    await head.getByRole('button').click()
    await expect.poll(() => head.getAttribute('aria-sort')).toBe('ascending')
    const names = () => page.getByRole('row').getByRole('link').allTextContents()
    expect((await names()).at(-1)).toBe('web')
    await head.getByRole('button').click()
    await expect.poll(() => head.getAttribute('aria-sort')).toBe('descending')
    expect((await names())[0]).toBe('web')
  })

  test('has a timeline that is moved by keys, pointer and buttons, follows, and tells in words what is there', async () => {
    const { page } = await opened()
    await page.getByRole('link', { name: 'Timeline' }).click()
    const liveButton = page.getByRole('button', { name: 'Live' })
    const canvas = page.getByRole('img', { name: /^A lane for each container/ })
    await expect.poll(() => liveButton.getAttribute('aria-pressed')).toBe('true')
    await canvas.hover({ position: { x: 900, y: 36 } })
    await canvas.focus()
    await page.keyboard.press('ArrowLeft')
    await expect.poll(() => liveButton.getAttribute('aria-pressed')).toBe('false')
    const drawn = () => canvas.screenshot().then((picture) => picture.toString('base64'))
    const before = await drawn()
    await page.getByRole('button', { name: 'Zoom out' }).click()
    await expect.poll(drawn).not.toBe(before)
    await canvas.focus()
    await page.keyboard.press('End')
    await expect.poll(() => liveButton.getAttribute('aria-pressed')).toBe('true')
    await page.getByRole('button', { name: 'All' }).click()
    await page.mouse.wheel(0, 120)
    const last = page.getByRole('table', { name: 'Last transitions' }).getByRole('row')
    await last.filter({ hasText: 'job' }).filter({ hasText: 'exited' }).waitFor()
    await canvas.click({ position: { x: 30, y: 36 } })
    await page.getByRole('heading', { name: 'web' }).waitFor()
  })

  test('fits a telephone', async () => {
    const { page, world } = await opened()
    await page.setViewportSize({ width: 360, height: 740 })
    const [{ id = '' } = {}] = world.engine.snapshot().containers
    const seen = []
    for (const [hash, name] of [
      ['#/', 'Containers'],
      ['#/timeline', 'Timeline'],
      [`#/container/${id}`, 'Log'],
    ] as const) {
      await page.evaluate((to) => {
        location.hash = to
      }, hash)
      await page.getByRole('region', { name }).waitFor()
      const [whole, main] = await page.evaluate(() => [
        document.documentElement.scrollWidth,
        document.querySelector('main')?.scrollWidth,
      ])
      seen.push({ hash, whole, main })
    }
    expect(seen.filter(({ whole, main }) => Math.max(Number(whole), Number(main)) > 360)).toEqual([])
  })

  test.each(['light', 'dark'] as const)(
    'is %s where the system is, with text that can be read',
    async (colorScheme) => {
      const { page } = await opened()
      await page.emulateMedia({ colorScheme })
      const ratios = await page.evaluate(() => {
        const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true })
        const luminance = (colour: string): number => {
          if (pixel === null) return 0
          pixel.fillStyle = colour
          pixel.fillRect(0, 0, 1, 1)
          const [r = 0, g = 0, b = 0] = [...pixel.getImageData(0, 0, 1, 1).data].map((value) => {
            const share = value / 255
            return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
          })
          return 0.2126 * r + 0.7152 * g + 0.0722 * b
        }
        const style = getComputedStyle(document.documentElement)
        const ground = luminance(style.getPropertyValue('--ground'))
        return [
          'text',
          'quiet',
          'accent',
          'running',
          'paused',
          'busy',
          'doubt',
          'waiting',
          'over',
          'fault',
        ].map((name) => {
          const other = luminance(style.getPropertyValue(`--${name}`))
          return (Math.max(ground, other) + 0.05) / (Math.min(ground, other) + 0.05)
        })
      })
      // What WCAG asks of small text.
      expect(Math.min(...ratios)).toBeGreaterThanOrEqual(4.5)
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor)
      expect(ground).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(24, 24, 27)')
    },
  )
})
