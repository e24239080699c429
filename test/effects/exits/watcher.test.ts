import {
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { filter, firstValueFrom, ReplaySubject, skip } from 'rxjs'
import { afterEach, describe, expect, it } from 'vitest'
import { type ExitSighting, watchExits } from '../../../effects/exits/watcher.ts'
import { runProgram } from '../../../effects/program/program.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../../fixtures/temporary.ts'
import { held } from '../lab.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function exitsDirectory(): Promise<string> {
  const directory: TemporaryDirectory = await temporaryDirectory()
  closers.push(() => directory[Symbol.asyncDispose]())
  return join(directory.path, 'run', 'exits')
}

/**
 * Watches; `see` resolves with the nth sighting that matches, past ones among them, `trouble` with what ended the
 * watch.
 */
function watching(dir: string) {
  const sightings = new ReplaySubject<ExitSighting>()
  const { promise: ended, resolve } = Promise.withResolvers<unknown>()
  const subscription = watchExits(dir).subscribe({
    next: (sighting) => sightings.next(sighting),
    error: resolve,
  })
  closers.push(() => subscription.unsubscribe())
  const see = (wanted: Partial<ExitSighting> & { type: string }, earlier = 0) => {
    const matches = (seen: ExitSighting) =>
      Object.entries(wanted).every(([key, value]) => Reflect.get(seen, key) === value)
    return held(firstValueFrom(sightings.pipe(filter(matches), skip(earlier))))
  }
  return { see, trouble: () => held(ended), all: sightings, subscription }
}

/** As conmon does it. */
function writeExit(dir: string, id: string, text = '0'): void {
  const temporary = join(dir, `${id}.Ab12cd`)
  writeFileSync(temporary, text)
  renameSync(temporary, join(dir, id))
}

/** How often it was told of until now. */
function timesTold(all: ReplaySubject<ExitSighting>, id: string): number {
  let times = 0
  all
    .subscribe((sighting) => {
      if (sighting.type === 'exit' && sighting.id === id) times += 1
    })
    .unsubscribe()
  return times
}

describe('watchExits', () => {
  it('makes the directory, tells what is there already, then is ready', async () => {
    const dir = await exitsDirectory()
    const empty = watching(dir)
    await empty.see({ type: 'ready' })
    expect(statSync(dir).mode & 0o777).toBe(0o750)
    expect(statSync(dirname(dir)).mode & 0o777).toBe(0o700)
    writeExit(dir, 'early')
    const later = watching(dir)
    await later.see({ type: 'ready' })
    expect(timesTold(later.all, 'early')).toBeGreaterThan(0)
  })

  it('tells of each exit, of one id many times, and of no temporary file', async () => {
    const dir = await exitsDirectory()
    const { see, all } = watching(dir)
    await see({ type: 'ready' })
    for (let run = 0; run < 10; run += 1) {
      const before = timesTold(all, 'web')
      writeExit(dir, 'web')
      await see({ type: 'exit', id: 'web' }, before)
      const told = timesTold(all, 'web')
      unlinkSync(join(dir, 'web'))
      // Also that it is gone.
      await see({ type: 'exit', id: 'web' }, told)
      writeExit(dir, `mark${run}`)
      await see({ type: 'exit', id: `mark${run}` })
    }
    const ids: string[] = []
    all.subscribe((sighting) => sighting.type === 'exit' && ids.push(sighting.id)).unsubscribe()
    expect(ids.filter((id) => !/^(web|mark\d)$/.test(id))).toEqual([])
  })

  it('tells at the kernel’s word, in the turn in which it comes', async () => {
    const dir = await exitsDirectory()
    const { see, all } = watching(dir)
    await see({ type: 'ready' })
    writeExit(dir, 'web')
    // The kernel has queued it, and one whole turn reads it; a thread that looks at the file needs longer.
    await new Promise(setImmediate)
    await new Promise(setImmediate)
    expect(timesTold(all, 'web')).toBe(1)
  })

  it('tells of a hundred that come together', async () => {
    const dir = await exitsDirectory()
    const { see } = watching(dir)
    await see({ type: 'ready' })
    for (let index = 0; index < 100; index += 1) writeExit(dir, `c${index}`)
    await Promise.all(Array.from({ length: 100 }, (_, index) => see({ type: 'exit', id: `c${index}` })))
  })

  it('does not heed what else is in the directory above', async () => {
    const dir = await exitsDirectory()
    const { see, all } = watching(dir)
    await see({ type: 'ready' })
    mkdirSync(join(dir, '../containers/web'), { recursive: true })
    writeFileSync(join(dir, '../other'), '0')
    writeExit(dir, 'web')
    await see({ type: 'exit', id: 'web' })
    expect(timesTold(all, 'other')).toBe(0)
  })

  it.each<[string, (dir: string) => void]>([
    ['removed', (dir) => rmSync(dir, { recursive: true })],
    ['moved away', (dir) => renameSync(dir, `${dir}.away`)],
    ['given another mode', (dir) => chmodSync(dir, 0)],
    ['moved along with the one above', (dir) => renameSync(dirname(dir), `${dirname(dir)}.away`)],
    [
      'replaced',
      (dir) => {
        renameSync(dir, `${dir}.away`)
        mkdirSync(dir)
      },
    ],
    [
      'removed and made again',
      (dir) => {
        rmSync(dir, { recursive: true })
        mkdirSync(dir)
      },
    ],
  ])('ends where the directory is %s, and another makes it good', async (_, disturb) => {
    const dir = await exitsDirectory()
    const { see, trouble } = watching(dir)
    await see({ type: 'ready' })
    disturb(dir)
    expect(await trouble()).toMatchObject({ code: 'EWATCH', message: expect.stringContaining(dir) })

    const again = watching(dir)
    await again.see({ type: 'ready' })
    expect(statSync(dir).mode & 0o7777).toBe(0o750)
    writeExit(dir, 'web')
    await again.see({ type: 'exit', id: 'web' })
  })

  it.each<[string, (dir: string) => void, string]>([
    ['a file', (dir) => writeFileSync(dir, ''), 'is no directory'],
    ['a link', (dir) => symlinkSync(mkdirAt(`${dir}.other`), dir), 'is a symbolic link'],
  ])('says that there is %s in its place, and leaves it', async (_, plant, what) => {
    const dir = await exitsDirectory()
    mkdirSync(dirname(dir))
    plant(dir)
    const error = await watching(dir).trouble()
    expect(error).toMatchObject({ code: 'EWATCH', message: expect.stringContaining(what) })
    expect(error).toMatchObject({ hint: expect.stringContaining('take it away') })
    rmSync(dir)
    await watching(dir).see({ type: 'ready' })
  })

  it.each<[string, (dir: string) => void]>([
    ['a link', (dir) => symlinkSync(mkdirAt(`${dir}.other`), dir)],
    ['another directory', (dir) => mkdirSync(dir)],
  ])('notices %s that takes its place before the watch stands', async (_, plant) => {
    const dir = await exitsDirectory()
    mkdirSync(dir, { recursive: true })
    const { trouble, all } = watching(dir)
    renameSync(dir, `${dir}.away`)
    plant(dir)
    const seen: ExitSighting[] = []
    all.subscribe((sighting) => seen.push(sighting))
    expect(await trouble()).toMatchObject({ code: 'EWATCH' })
    expect(seen).not.toContainEqual({ type: 'ready' })
  })

  it('says whose the directory is, where it is another user’s', async () => {
    const dir = await exitsDirectory()
    mkdirSync(dir, { recursive: true })
    await runProgram({ path: '/bin/chown', args: ['1234', dir], env: {}, timeoutMs: 30_000 })
    expect(await watching(dir).trouble()).toMatchObject({
      message: expect.stringContaining('belongs to user 1234'),
      hint: expect.stringContaining(`chown 0 ${dir}`),
    })
  })

  it('ends where more comes at once than the kernel may have kept', async () => {
    const dir = await exitsDirectory()
    const { see, trouble, all } = watching(dir)
    await see({ type: 'ready' })
    const queue = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
    const [one, other] = [join(dir, 'one'), join(dir, 'other')]
    for (const path of [one, other]) writeFileSync(path, '0')
    // Nothing is read meanwhile. The kernel would make one of two that are the same.
    for (let second = 0; second < queue / 16; second += 1) {
      for (const path of [one, other]) utimesSync(path, second, second)
    }
    writeExit(dir, 'late')
    expect(await trouble()).toMatchObject({ message: expect.stringContaining('more happened at once') })
    expect(timesTold(all, 'late')).toBe(0)
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

function mkdirAt(path: string): string {
  mkdirSync(path)
  return path
}
