import { userInfo } from 'node:os'
import { join } from 'node:path'

/**
 * Where compiled code is kept between verbs: a directory that nobody else may write. Node's own choice is in the
 * temporary directory, where another user could put code for root to run.
 */
export function compileCacheDirectory(): string {
  if (process.geteuid?.() === 0) return '/var/cache/runchart'
  // Not $HOME: sudo may keep it, and then it is another user's.
  return join(process.env.XDG_CACHE_HOME ?? join(userInfo().homedir, '.cache'), 'runchart')
}
