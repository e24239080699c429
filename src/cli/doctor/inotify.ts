import { readFileSync, watch } from 'node:fs'
import { watchHint } from '../../../effects/process/inotify.ts'
import { type Finding, ok, warn } from './finding.ts'

/**
 * What is enough for a machine with some hundred containers. On cgroups v2 each conmon takes an instance; past
 * the limit it no longer sees that a container ran out of memory. The engine takes one instance, two watches for the
 * exits directory, and one for each log that is followed.
 */
const ENOUGH = { max_user_instances: 512, max_user_watches: 8_192, max_queued_events: 16_384 }

/** Judges the kernel's limits of inotify. */
export function judgeInotify(limits: Record<string, number>): Finding[] {
  return Object.entries(ENOUGH).map(([name, enough]) => {
    const limit = limits[name] ?? 0
    const check = `inotify ${name}`
    if (limit >= enough) return ok(check, String(limit))
    return warn(check, `${limit} is little for many containers`, `sysctl -w fs.inotify.${name}=${enough}`)
  })
}

/** Tries whether there is room below the limits. */
export function checkWatch(): Finding {
  try {
    watch('/').close()
    return ok('inotify', 'a watch can be had')
  } catch (error) {
    const why = (error as Error).message
    return warn('inotify', `no watch can be had, so that exits are told late: ${why}`, watchHint(error) ?? '')
  }
}

/** Looks at this machine's limits of inotify. */
export function checkInotify(): Finding[] {
  const limits = Object.keys(ENOUGH).map((name): [string, number] => {
    return [name, Number(readFileSync(`/proc/sys/fs/inotify/${name}`, 'utf8'))]
  })
  return judgeInotify(Object.fromEntries(limits))
}
