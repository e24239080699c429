import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { runtimeThat } from '../../fixtures/programs.ts'
import { recordFault } from '../record.ts'
import { heard, killProcess, LOOP, processOf, running, soon } from './lost.ts'

const TIMES = 5

let place: TestPlace
beforeEach(async () => {
  place = await testPlace()
  onTestFinished(() => place[Symbol.asyncDispose]())
})

const middle = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN

describe('the loss of a conmon is told through its lifeline', () => {
  test.each(['kill', 'keep'] as const)(
    'and nothing is asked before that; containers: %s',
    async (monitorLost) => {
      const calls = join(place.path, 'calls')
      // Each call of the runtime begins with its root.
      const runtime = runtimeThat(place.path, '--root', `echo "$@" >> ${calls}`)
      const engine = await place.open({ runtime, monitorLost })
      const containers = await Promise.all(Array.from({ length: TIMES }, () => running(place, engine, LOOP)))
      expect(readFileSync(calls, 'utf8')).toContain('start')

      const waits: number[] = []
      for (const container of containers) {
        const monitor = processOf(container, 'monitorPid')
        writeFileSync(calls, '')
        let askedBefore = ''
        const lost = heard(engine, container, ({ type }) => {
          if (type !== 'monitor.lost') return false
          waits.push(performance.now() - killedAt)
          askedBefore = existsSync(calls) ? readFileSync(calls, 'utf8') : ''
          return true
        })
        const killedAt = performance.now()
        await killProcess(monitor)
        await lost
        expect(askedBefore).toBe('')
        // What is done about it may ask: it is not to be taken for the next one's.
        if (monitorLost === 'kill') await soon(() => container.state).toBe('exited')
      }

      const [least, most] = [Math.min(...waits), Math.max(...waits)].map((ms) => ms.toFixed(1))
      console.log(
        `conmon killed to subscriber told (${monitorLost}): middle ${middle(waits).toFixed(1)} ms, ${least}–${most}`,
      )
      recordFault(
        `conmon killed while running (${monitorLost})`,
        'told by its lifeline; nothing was asked before',
        TIMES,
      )
    },
  )
})
