import { readdirSync, readFileSync } from 'node:fs'
import { identifyProcess, isSameProcess, type ProcessIdentity } from '../process/identity.ts'
import { lookAt } from '../process/look.ts'

/**
 * Which change a container and are over soon. (conmon runs `create`; a command's `exec` lasts as long as the command,
 * and a `checkpoint` must not be cut off.)
 */
const VERBS: ReadonlySet<string> = new Set(['start', 'kill', 'pause', 'resume'])
const ID = /^[0-9a-f]{32}$/

/**
 * Runs of a runtime, by container, that are at work on what is in `runtimeRoot`, whoever began them: an engine that
 * was killed leaves those that it waited for.
 */
export function findLeftRuns(runtimeRoot: string): Map<string, ProcessIdentity[]> {
  const runs = new Map<string, ProcessIdentity[]>()
  for (const name of readdirSync('/proc')) {
    const process = /^[1-9]\d*$/.test(name) ? identifyProcess(Number(name)) : undefined
    const words = process && lookAt(() => readFileSync(`/proc/${name}/cmdline`, 'utf8'))?.split('\0')
    const id = words && idOf(words, runtimeRoot)
    // Its number could have become another's between the two looks.
    if (id === undefined || process === undefined || !isSameProcess(process)) continue
    runs.set(id, [...(runs.get(id) ?? []), process])
  }
  return runs
}

function idOf(words: readonly string[], runtimeRoot: string): string | undefined {
  if (!words.includes(runtimeRoot) || !words.some((word) => VERBS.has(word))) return undefined
  return words.find((word) => ID.test(word))
}
