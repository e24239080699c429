import { closeSync, fstatSync, writeSync } from 'node:fs'
import { toErrorReply } from '../../api/error-reply.ts'
import { READY_FD, type Readiness } from './background.ts'

/** Tells whoever started this owner in the background that it answers, or why it does not. */
export function tellStarter(error?: unknown): void {
  const readiness: Readiness = error === undefined ? { ready: true } : toErrorReply(error).reply
  try {
    // Started by hand there is no such descriptor, or it is something else.
    const file = fstatSync(READY_FD)
    if (!file.isSocket() && !file.isFIFO()) return
    writeSync(READY_FD, `${JSON.stringify(readiness)}\n`)
    closeSync(READY_FD)
  } catch {
    // The starter has not waited.
  }
}
