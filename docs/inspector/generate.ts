/** Takes the picture of the inspector page, of real containers: `node docs/inspector/generate.ts`, as root, with Chromium. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pino } from 'pino'
import { chromium } from 'playwright-core'
import { findProgram } from '../../effects/runtime/find.ts'
import { type Container, openEngine } from '../../src/index.ts'
import { serveInspector } from '../../src/inspector/serve.ts'

const SIZE = { width: 1100, height: 680 }

const place = mkdtempSync(join(tmpdir(), 'runchart-picture-'))
const rootfs = join(place, 'rootfs')
mkdirSync(join(rootfs, 'bin'), { recursive: true })
copyFileSync(findProgram('busybox'), join(rootfs, 'bin/busybox'))
for (const name of ['sh', 'sleep']) symlinkSync('busybox', join(rootfs, 'bin', name))

const engine = await openEngine({ root: join(place, 'root'), runRoot: join(place, 'run') })
const inspector = await serveInspector(engine, { logger: pino({ level: 'silent' }), port: 0 })
const browser = await chromium.launch({ executablePath: findProgram('chromium'), args: ['--no-sandbox'] })
try {
  await containers()
  const page = await browser.newPage({ viewport: SIZE })
  await page.goto(inspector.url)
  await page
    .getByRole('status')
    .filter({ hasText: /^live$/ })
    .waitFor()
  await page.getByRole('link', { name: /^running: / }).waitFor()
  await page.getByRole('row').nth(5).waitFor()
  await page.screenshot({ path: join(import.meta.dirname, 'inspector.png') })
} finally {
  await browser.close()
  for (const { id } of engine.snapshot().containers) await engine.get(id).remove({ force: true })
  await inspector.close()
  await engine.close()
  rmSync(place, { recursive: true })
}

/** Some that run, some that do not any more. */
async function containers(): Promise<void> {
  const run = async (name: string, script: string, restart?: 'on-failure:3'): Promise<Container> => {
    const container = await engine.create({
      ...{ name, rootfs, command: ['/bin/sh', '-c', script], stopTimeout: 1 },
      ...(restart !== undefined && { restart }),
    })
    await container.start()
    return container
  }
  for (const name of ['web-1', 'web-2', 'web-3', 'db', 'cache', 'queue']) await run(name, 'sleep 1000')
  await engine.create({ name: 'spare', rootfs, command: ['/bin/sleep', '1000'] })
  await (await run('batch', 'sleep 1000')).pause()
  await (await run('migrate', 'exit 0')).wait()
  await (await run('import', 'exit 3')).wait()
  await (await run('old', 'sleep 1000')).stop()
  await run('flaky', 'sleep 0.2; exit 1', 'on-failure:3')
  await delay(4_000)
}
