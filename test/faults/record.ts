import { appendFileSync } from 'node:fs'
import { FAULTS_VARIABLE, type InjectedFault } from './table.ts'

/**
 * Puts down that a fault was seen to happen, and what held in spite of it. Called after both were asserted: the
 * fault first, since a test that injects nothing proves nothing. The runner makes a table of it.
 *
 * @param times how often it was injected
 */
export function recordFault(fault: string, held: string, times = 1): void {
  const path = process.env[FAULTS_VARIABLE]
  if (path === undefined) return
  const line: InjectedFault = { fault, held, times }
  appendFileSync(path, `${JSON.stringify(line)}\n`)
}
