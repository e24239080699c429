/**
 * The main job, told as it happens: one container from nothing to `exited`, on real conmon and runc, in a root
 * of its own that is gone afterwards.
 */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { filter, firstValueFrom } from 'rxjs'
import { openEngine, RunchartError } from '../../src/index.ts'

const place = mkdtempSync(join(tmpdir(), 'runchart-life-'))
const rootfs = join(place, 'rootfs')
mkdirSync(join(rootfs, 'bin'), { recursive: true })
copyFileSync('/bin/busybox', join(rootfs, 'bin/busybox'))
for (const name of ['sh', 'sleep', 'echo']) symlinkSync('busybox', join(rootfs, 'bin', name))

const script = 'echo hello from the container; sleep 1; echo goodbye >&2; exit 7'

// Ctrl-C gives up waiting; what was made is undone on the way out, as `await using` says.
const interrupted = new AbortController()
const { signal } = interrupted
process.once('SIGINT', () => interrupted.abort(new Error('interrupted')))

try {
  await using engine = await openEngine({ root: join(place, 'root'), runRoot: join(place, 'run') })

  let last = performance.now()
  engine.events.subscribe((event) => {
    if (event.type !== 'state') return
    const now = performance.now()
    const took = event.from === null ? '' : `${(now - last).toFixed(1).padStart(8)} ms`
    const transition = `${(event.from ?? '').padStart(10)} → ${event.to.padEnd(10)}`
    console.log(`${String(event.seq).padStart(3)}  ${transition}${took}`)
    last = now
  })
  const exited = firstValueFrom(
    engine.events.pipe(filter((event) => event.type === 'state' && event.to === 'exited')),
    { defaultValue: undefined },
  )

  await using web = await engine.create({ name: 'web', rootfs, command: ['sh', '-c', script] }, { signal })
  await web.start({ signal })
  await web.pause({ signal })
  await web.resume({ signal })
  const exit = await web.wait({ signal })
  await exited

  for await (const line of web.logs()) console.log(`     ${line.stream}: ${line.data}`)
  console.log(exit)
} catch (error) {
  if (signal.aborted) console.error('interrupted; nothing is left behind')
  else if (error instanceof RunchartError) console.error(`${error.message}\n${error.hint ?? ''}`)
  else throw error
  process.exitCode = signal.aborted ? 130 : 1
} finally {
  rmSync(place, { recursive: true, force: true })
}
