import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, onTestFinished } from 'vitest'
import { findProgram } from '../../../effects/runtime/find.ts'
import type { Engine } from '../../../src/index.ts'
import { install, whyNoApt } from '../../fixtures/debian.ts'
import { inspected } from '../inspected.ts'

/** Why there is no browser here, and none can be installed; undefined where one is or can be. */
export async function whyNoBrowser(): Promise<string | undefined> {
  try {
    findProgram('chromium')
    return undefined
  } catch {
    return whyNoApt()
  }
}

let launched: Promise<Browser> | undefined
afterAll(async () => (await launched)?.close())

/** Debian's Chromium without a window, one for a file of tests. */
export function browser(): Promise<Browser> {
  launched ??= launch()
  return launched
}

async function launch(): Promise<Browser> {
  await install({ chromium: 'chromium' })
  return chromium.launch({
    executablePath: findProgram('chromium'),
    // Root has no sandbox, and the shared memory of a small machine is small.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  })
}

/** The inspector of an engine, opened as the address that was printed. What breaks in the page breaks the test. */
export async function openedPage(engine: Engine) {
  const inspector = await inspected(engine)
  const context = await (await browser()).newContext({ viewport: { width: 1280, height: 800 } })
  onTestFinished(() => context.close())
  const page = await context.newPage()
  const broken: string[] = []
  page.on('pageerror', (error) => broken.push(error.message))
  onTestFinished(() => {
    if (broken.length > 0) throw new Error(`the page broke: ${broken.join('; ')}`)
  })
  await page.goto(inspector.url)
  await live(page)
  return { page, inspector, context }
}

/** Resolves once the page follows the owner. */
export async function live(page: Page): Promise<void> {
  await page
    .getByRole('status')
    .filter({ hasText: /^live$/ })
    .waitFor()
}
