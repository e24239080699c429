/** Kills containers of a root one after another, and tells how long after its exit file each exit is told. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { openEngine } from 'runchart'
import { input, output } from '../bench.ts'
import { median } from '../statistics.ts'

/** Files that are put at once into the exits directory, fewer than what the watch takes for a flood. */
const STRANGERS_AT_ONCE = 200
const CALIBRATIONS = 50

const { root, runRoot, warmUp, exits, strangers } = input<{
  root: string
  runRoot: string
  /** Exits before the first that counts. */
  warmUp: number
  exits: number
  strangers: number
}>()
const engine = await openEngine({ root, runRoot })
const [exitsDir, otherDir] = [join(runRoot, 'exits'), join(runRoot, 'calibration')]
mkdirSync(otherDir, { recursive: true })
for (let done = 0; done < strangers; done += STRANGERS_AT_ONCE) await passStrangers(done)

const times = { told: moments(), seen: moments() }
engine.events.subscribe((event) => {
  if (event.type === 'state' && event.to === 'stopped')
    times.told.note(event.containerId, process.hrtime.bigint())
})
const watcher = spawn(process.execPath, [join(import.meta.dirname, 'exit-files.ts'), exitsDir, otherDir], {
  stdio: ['pipe', 'pipe', 'inherit'],
})
createInterface({ input: watcher.stdout }).on('line', (line) => {
  const [name = '', at = ''] = line.split(' ')
  times.seen.note(name, BigInt(at))
})
await times.seen.of('ready')
const late = median(await calibrate())
const alive = engine.snapshot().containers.filter(({ state }) => state === 'running')
const delays: number[] = []
const sinceKill: number[] = []
for (const { id, pid } of alive.slice(0, warmUp + exits)) await end(id, pid)
watcher.stdin.end()
await once(watcher, 'exit')
const known = engine.snapshot().containers.length
await engine.close()
output({ delays: delays.slice(warmUp), sinceKill: sinceKill.slice(warmUp), late, known, alive: alive.length })

/** Moments by name, whether they are asked for before they come or after. */
function moments() {
  const known = new Map<string, PromiseWithResolvers<bigint>>()
  const entry = (name: string): PromiseWithResolvers<bigint> => {
    const found = known.get(name) ?? Promise.withResolvers<bigint>()
    known.set(name, found)
    return found
  }
  return {
    of: (name: string): Promise<bigint> => entry(name).promise,
    note: (name: string, at: bigint): void => entry(name).resolve(at),
  }
}

/** Milliseconds by which the watcher is late itself. */
async function calibrate(): Promise<number[]> {
  const lateness: number[] = []
  for (let n = 0; n < CALIBRATIONS; n += 1) {
    const name = `file-${n}`
    const at = put(otherDir, name)
    lateness.push(Number((await times.seen.of(name)) - at) / 1e6)
    await delay(5)
  }
  return lateness
}

/** As conmon does it. Gives the moment before the file is there. */
function put(directory: string, name: string): bigint {
  const half = join(directory, `${name}.abcdef`)
  writeFileSync(half, '0')
  const at = process.hrtime.bigint()
  renameSync(half, join(directory, name))
  return at
}

async function end(id: string, pid: number | null): Promise<void> {
  if (pid === null) throw new Error(`container ${id} does not run`)
  const killed = process.hrtime.bigint()
  process.kill(pid, 'SIGKILL')
  const [told, seen] = await Promise.all([times.told.of(id), times.seen.of(id)])
  delays.push(Number(told - seen) / 1e6 + late)
  sinceKill.push(Number(told - killed) / 1e6)
  await engine.get(id).cleanup()
}

/** Exit files of nobody's, which the watch sees as any other and has removed. */
async function passStrangers(first: number): Promise<void> {
  for (let n = 0; n < STRANGERS_AT_ONCE; n += 1) put(exitsDir, (first + n).toString(16).padStart(32, 'f'))
  while (readdirSync(exitsDir).length > 0) await delay(1)
}
