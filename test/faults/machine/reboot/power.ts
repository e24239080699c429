import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { identifyProcess } from '../../../../effects/process/identity.ts'
import type { TestPlace } from '../../../fixtures/engine.ts'
import { PATIENT } from '../full-place.ts'
import type { RemoteEngine } from '../remote-engine.ts'

const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** Another boot of the machine, for the processes that are started by these words. */
export function otherBoot(place: TestPlace): { by: string[]; bootId: string } {
  const bootId = randomUUID()
  const path = join(place.path, `boot-${bootId}`)
  writeFileSync(path, `${bootId}\n`)
  const by = ['unshare', '--mount', 'sh', '-c', `mount --bind "$0" ${BOOT_ID} && exec "$@"`, path]
  expect(execFileSync(by[0] ?? '', [...by.slice(1), 'cat', BOOT_ID], { encoding: 'utf8' })).toBe(
    `${bootId}\n`,
  )
  return { by, bootId }
}

/** What the disk has of the store by now. */
export function keepStore({ root, path }: TestPlace): { putBack(): void } {
  const [store, kept] = [join(root, 'store.db'), join(path, `kept-${randomUUID()}.db`)]
  const copy = (from: string, to: string): void => {
    for (const side of ['', '-wal']) {
      rmSync(to + side, { force: true })
      if (existsSync(from + side)) copyFileSync(from + side, to + side)
    }
  }
  copy(store, kept)
  return {
    putBack() {
      rmSync(`${store}-shm`, { force: true })
      copy(kept, store)
    },
  }
}

/** Takes the power away: nobody of the engine and its containers lives on, and what was in memory is gone. */
export async function cutPower(place: TestPlace, engine: RemoteEngine): Promise<void> {
  const { containers } = await engine.snapshot()
  await engine.die()
  const pids = containers.flatMap(({ pid, monitorPid }) => [monitorPid, pid]).filter((pid) => pid !== null)
  for (const pid of pids) {
    process.kill(pid, 'SIGKILL')
    await expect.poll(() => identifyProcess(pid), PATIENT).toBeUndefined()
  }
  rmSync(place.runRoot, { recursive: true })
}
