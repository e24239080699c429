import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { inTurn } from '../in-turn.ts'
import { missingPrograms } from '../peers/peer.ts'
import { podman } from '../peers/podman.ts'
import { benchPlace } from '../place.ts'
import type { Contender } from '../rounds.ts'
import type { Claim, Row } from '../row.ts'
import { median, ratios } from '../statistics.ts'

/** It takes no notice of being asked to end. */
const DEAF = ['sh', '-c', 'trap "" TERM; while :; do sleep 1000; done']
/** Milliseconds until a stop that has begun certainly waits. */
const UNDER_WAY_MS = 400

/** Row 6. */
export const stop: Row = {
  number: 6,
  title: 'From the death of the process to the return of stop()',
  aim: 'p50 ≤ 5 ms, and ≥ 5 × faster than podman’s',
  async measure(bench) {
    await using place = await benchPlace(bench.runtime)
    const { engine } = place
    const { rootfs } = place.place
    const ours: Contender = {
      name: 'runchart',
      async measure() {
        const container = await engine.create({ rootfs, command: DEAF })
        await container.start()
        const { pid } = container.inspect()
        const took = await sinceDeath(pid ?? 0, container.stop({ timeout: 60 }))
        await container.remove()
        return took
      },
    }
    await using stack = new AsyncDisposableStack()
    const contenders = [ours]
    const notes = [
      'The container takes no notice of SIGTERM; while its stop waits, it is killed from outside, which is the moment that is counted from.',
    ]
    const peers = podman(bench.runtime)
    const missing = missingPrograms(peers)
    if (missing.length > 0) notes.push(`podman was left out: ${missing.join(', ')} not installed.`)
    else {
      const peer = stack.use(await peers.open({ ...place.peers, path: join(place.peers.path, 'podman') }))
      contenders.push({
        name: 'podman stop',
        async measure() {
          const id = await peer.podman('run', '--detach', ...peer.runFlags, ...DEAF)
          const inspected = await peer.podman('inspect', '--format', '{{.State.Pid}}', id)
          const took = await sinceDeath(Number(inspected), peer.podman('stop', '--time', '60', id))
          await peer.podman('rm', id)
          return took
        },
      })
    }
    const { of, series } = await inTurn(bench, contenders, {
      rounds: bench.quick ? 2 : 15,
      warmUp: bench.quick ? 0 : 2,
    })
    const claims: Claim[] = [
      { what: 'p50 of runchart', measured: median(of('runchart')), unit: 'ms', bound: 'most', limit: 5 },
    ]
    if (contenders.length > 1) {
      claims.push({
        what: 'podman stop, of runchart’s stop()',
        measured: median(ratios(of('podman stop'), of('runchart'))),
        ...{ unit: '×', bound: 'least', limit: 5 },
      })
    }
    return { groups: [{ title: 'From the death to the return', series }], claims, notes }
  },
}

/** Kills the process once the stop is under way; milliseconds from then to its return. */
async function sinceDeath(pid: number, stopped: PromiseLike<unknown>): Promise<number> {
  if (!(pid > 0)) throw new Error('the container has no process')
  // Not started by being awaited later.
  const returned = Promise.resolve(stopped)
  await delay(UNDER_WAY_MS)
  const died = performance.now()
  process.kill(pid, 'SIGKILL')
  await returned
  return performance.now() - died
}
