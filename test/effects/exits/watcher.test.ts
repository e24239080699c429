import { mkdirSync, renameSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { filter, firstValueFrom, ReplaySubject, skip } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { type ExitSighting, watchExits } from '../../../effects/exits/watcher.ts'
import { runProgram } from '../../../effects/process/program.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../fixtures/temporary.ts'
import { held } from '../lab.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function exitsDirectory(): Promise<string> {
  const directory: TemporaryDirectory = await temporaryDirectory()
  closers.push(() => directory[Symbol.asyncDispose]())
  return join(directory.path, 'exits')
}

/** Watches; `see` resolves with the nth sighting that matches, past ones among them. */
function watching(dir: string, retryMs = 5) {
  const sightings = new ReplaySubject<ExitSighting>()
  const subscription = watchExits(dir, { retryMs }).subscribe(sightings)
  closers.push(() => subscription.unsubscribe())
  const see = (wanted: Partial<ExitSighting> & { type: string }, earlier = 0) => {
    const matches = (seen: ExitSighting) =>
      Object.entries(wanted).every(([key, value]) => Reflect.get(seen, key) === value)
    return held(firstValueFrom(sightings.pipe(filter(matches), skip(earlier))))
  }
  return { see, all: sightings, subscription }
}

/** As conmon does it. */
function writeExit(dir: string, id: string, text = '0'): void {
  const temporary = join(dir, `${id}.Ab12cd`)
  writeFileSync(temporary, text)
  renameSync(temporary, join(dir, id))
}

describe('watchExits', () => {
  it('makes the directory, tells what is there already, then is ready', async () => {
    const dir = await exitsDirectory()
    const empty = watching(dir)
    await empty.see({ type: 'ready' })
    expect(statSync(dir).mode & 0o777).toBe(0o750)
    writeExit(dir, 'early')
    const seen: ExitSighting[] = []
    const later = watching(dir)
    later.all.subscribe((sighting) => seen.push(sighting))
    await later.see({ type: 'ready' })
    expect(seen).toEqual([{ type: 'exit', id: 'early' }, { type: 'ready' }])
  })

  it('tells of each exit, of one id many times, and of no temporary file', async () => {
    const dir = await exitsDirectory()
    const { see, all } = watching(dir)
    await see({ type: 'ready' })
    for (let run = 0; run < 10; run += 1) {
      writeExit(dir, 'web')
      await see({ type: 'exit', id: 'web' }, run)
      unlinkSync(join(dir, 'web'))
      // The watcher must have noticed, or the next file of that name is a mere change to it.
      writeExit(dir, `mark${run}`)
      await see({ type: 'exit', id: `mark${run}` })
    }
    const ids: string[] = []
    all.subscribe((sighting) => sighting.type === 'exit' && ids.push(sighting.id)).unsubscribe()
    expect(ids.filter((id) => !/^(web|mark\d)$/.test(id))).toEqual([])
  })

  it('tells of a file that takes the place of one just removed', async () => {
    const dir = await exitsDirectory()
    const { see } = watching(dir)
    await see({ type: 'ready' })
    writeExit(dir, 'web')
    await see({ type: 'exit', id: 'web' })
    unlinkSync(join(dir, 'web'))
    writeExit(dir, 'web', '12')
    await see({ type: 'exit', id: 'web' }, 1)
  })

  it('tells of a hundred that come together', async () => {
    const dir = await exitsDirectory()
    const { see } = watching(dir)
    await see({ type: 'ready' })
    for (let index = 0; index < 100; index += 1) writeExit(dir, `c${index}`)
    await Promise.all(Array.from({ length: 100 }, (_, index) => see({ type: 'exit', id: `c${index}` })))
  })

  it('makes a removed directory again, and says that there was trouble', async () => {
    const dir = await exitsDirectory()
    const { see } = watching(dir)
    await see({ type: 'ready' })
    for (let round = 1; round <= 3; round += 1) {
      rmSync(dir, { recursive: true })
      await see({ type: 'trouble' }, round - 1)
      await see({ type: 'ready' }, round)
      writeExit(dir, `after${round}`)
      await see({ type: 'exit', id: `after${round}` })
      unlinkSync(join(dir, `after${round}`))
    }
  })

  it.each(['moved away', 'removed'])('notices at once a directory that was %s and replaced', async (how) => {
    const dir = await exitsDirectory()
    const { see } = watching(dir)
    await see({ type: 'ready' })
    if (how === 'removed') rmSync(dir, { recursive: true })
    else renameSync(dir, `${dir}.old`)
    mkdirSync(dir)
    writeExit(dir, 'first')
    await see({ type: 'trouble' })
    await see({ type: 'exit', id: 'first' })
    await see({ type: 'ready' }, 1)
    writeExit(dir, 'second')
    await see({ type: 'exit', id: 'second' })
  })

  it('says why it cannot watch, and goes on trying', async () => {
    const dir = await exitsDirectory()
    writeFileSync(dir, 'a file in its place')
    const { see } = watching(dir)
    const trouble = await see({ type: 'trouble' }, 2)
    expect(trouble).toMatchObject({
      reason: expect.stringContaining(`cannot watch the exits directory ${dir}: EEXIST`),
    })
    rmSync(dir)
    await see({ type: 'ready' })
  })

  it('is silent after the end of the subscription', async () => {
    const dir = await exitsDirectory()
    const quiet = watching(dir)
    await quiet.see({ type: 'ready' })
    quiet.subscription.unsubscribe()
    const seen: ExitSighting[] = []
    quiet.all.subscribe((sighting) => seen.push(sighting))
    const other = watching(dir)
    await other.see({ type: 'ready' })
    writeExit(dir, 'web')
    await other.see({ type: 'exit', id: 'web' })
    expect(seen).toEqual([{ type: 'ready' }])
  })

  it('does not keep the process alive', async () => {
    const dir = await exitsDirectory()
    const module = new URL('../../../effects/exits/watcher.ts', import.meta.url)
    const code = `import { watchExits } from ${JSON.stringify(module)}
      const timer = setInterval(() => {}, 1000)
      watchExits('${dir}').subscribe(({ type }) => { console.log(type); clearInterval(timer) })`
    const args = ['--input-type=module', '-e', code]
    const run = await runProgram({ path: process.execPath, args, env: {}, timeoutMs: 30_000 })
    expect(run).toMatchObject({ stdout: 'ready\n', exitCode: 0, timedOut: false })
  })
})
