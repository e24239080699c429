import { lstat, readlink } from 'node:fs/promises'
import { join } from 'node:path'

/** As many links as the kernel follows before it says ELOOP. */
const MAX_LINKS = 40

/**
 * Where a path of a root file system really lies, with each symbolic link followed as a process inside would
 * follow it: an absolute one starts at the root file system, and `..` never leaves it. The result's last
 * component is no link; it need not exist.
 *
 * A container that changes its files meanwhile can still turn a directory into a link between this walk and
 * the opening; only numbers are read through it.
 */
export async function resolveInRoot(rootfs: string, path: string): Promise<string> {
  const ahead = path.split('/')
  const walked: string[] = []
  let links = 0
  for (let part = ahead.shift(); part !== undefined; part = ahead.shift()) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      walked.pop()
      continue
    }
    const target = await linkTarget(join(rootfs, ...walked, part))
    if (target === undefined) {
      walked.push(part)
      continue
    }
    links += 1
    if (links > MAX_LINKS) throw new Error(`too many symbolic links in ${path}`)
    if (target.startsWith('/')) walked.length = 0
    ahead.unshift(...target.split('/'))
  }
  return join(rootfs, ...walked)
}

async function linkTarget(path: string): Promise<string | undefined> {
  const facts = await lstat(path).catch(() => undefined)
  return facts?.isSymbolicLink() ? await readlink(path) : undefined
}
