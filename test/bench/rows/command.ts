import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { execa } from 'execa'
import { inTurn } from '../in-turn.ts'
import { openPeers } from '../peers/all.ts'
import { benchPlace, milliseconds, removeAll } from '../place.ts'
import type { Claim, Row } from '../row.ts'
import { median, ratios } from '../statistics.ts'

const MAIN = 'dist/cli/main.js'

/** Row 4. */
export const command: Row = {
  number: 4,
  title: '`runchart run --rm … true` as a command',
  aim: '≤ 0.65 × podman run --rm with the same runc while an owner serves; --embedded from cold ≤ 1.0 ×',
  async measure(bench) {
    await using place = await benchPlace(bench.runtime)
    await using peers = await openPeers(bench, place.peers, ['podman', `${bench.runtime} run`])
    const { path, rootfs } = place.place
    const globals = (name: string): string[] => {
      const own = join(path, name)
      mkdirSync(own, { recursive: true })
      return ['--root', join(own, 'root'), '--run-root', join(own, 'run'), '--runtime', bench.runtime]
    }
    const cli = (...args: string[]) => execa(process.execPath, [MAIN, ...args], { stdin: 'ignore' })
    const run = ['run', '--rm', '--rootfs', rootfs, 'true']
    const [served, embedded] = [globals('served'), globals('embedded')]
    const owner = execa(process.execPath, [MAIN, ...served, 'serve'], { stdio: 'ignore', reject: false })
    try {
      while (!existsSync(join(path, 'served', 'run', 'owner.sock'))) await delay(20)
      const contenders = [
        { name: 'runchart, served', measure: () => milliseconds(() => cli(...served, ...run)) },
        {
          name: 'runchart --embedded',
          measure: () => milliseconds(() => cli('--embedded', ...embedded, ...run)),
        },
        ...[...peers.open].map(([name, peer]) => ({ name, measure: () => milliseconds(() => peer.life()) })),
      ]
      const { of, series } = await inTurn(bench, contenders, {
        rounds: bench.quick ? 2 : 20,
        warmUp: bench.quick ? 1 : 3,
      })
      const limits = [
        ['runchart, served', 0.65],
        ['runchart --embedded', 1],
      ] as const
      const claims = limits.map(
        ([name, limit]): Claim => ({
          what: `${name}, of podman’s`,
          measured: median(ratios(of(name), of('podman'))),
          ...{ unit: '×', bound: 'most', limit },
        }),
      )
      return {
        groups: [{ title: 'From the start of the command to its end', series }],
        claims: peers.open.has('podman') ? claims : [],
        notes: [...peers.notes],
      }
    } finally {
      owner.kill('SIGTERM')
      await owner
      // None is left but where this was interrupted.
      for (const name of ['served', 'embedded']) {
        await removeAll({ root: join(path, name, 'root'), runRoot: join(path, name, 'run') })
      }
    }
  },
}
