import { readFileSync } from 'node:fs'

/** What to do where the kernel gives no watch; undefined where it is not for want of one. */
export function watchHint(error: unknown): string | undefined {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'ENOSPC':
      return 'raise the sysctl fs.inotify.max_user_watches'
    case 'EMFILE':
      return 'raise the sysctl fs.inotify.max_user_instances, or the limit of open files'
    default:
      return undefined
  }
}

/** The kernel's own, where it cannot be read. */
const DEFAULT_QUEUE = 16_384

/** How many events wait for a reader before the kernel drops what comes; all watches of one process share them. */
export function inotifyQueue(): number {
  try {
    return Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8')) || DEFAULT_QUEUE
  } catch {
    return DEFAULT_QUEUE
  }
}
