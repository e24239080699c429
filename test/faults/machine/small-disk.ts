import { execFileSync } from 'node:child_process'
import { closeSync, fstatSync, openSync, rmSync, statfsSync, truncateSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

/** A file system of its own, in memory, that can be filled. */
export interface SmallDisk extends AsyncDisposable {
  /** Absolute; its mount point. */
  readonly path: string
  /** Writes to it until nothing more fits. It has room again when that is disposed of, or given up. */
  fill(): FullDisk
}

export interface FullDisk extends Disposable {
  /** Bytes that still fit. */
  free(): number
  /** Makes room for so many bytes and no more. */
  leave(bytes: number): void
  giveUp(): void
}

/** Mounts one; unmounts it when it is disposed of. */
export async function smallDisk(size = '2m'): Promise<SmallDisk> {
  const directory = await temporaryDirectory()
  const { path } = directory
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700`, 'tmpfs', path])
  return {
    path,
    fill: () => fillDisk(path),
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [path])
      await directory[Symbol.asyncDispose]()
    },
  }
}

function fillDisk(path: string): FullDisk {
  const ballast = join(path, 'ballast')
  const size = (): number => {
    const fd = openSync(ballast, 'a')
    const page = Buffer.alloc(4096)
    try {
      for (;;) writeSync(fd, page)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
      return fstatSync(fd).size
    } finally {
      closeSync(fd)
    }
  }
  size()
  const giveUp = (): void => rmSync(ballast, { force: true })
  return {
    free: () => {
      const { bavail, bsize } = statfsSync(path)
      return bavail * bsize
    },
    leave: (bytes) => truncateSync(ballast, Math.max(0, size() - bytes)),
    giveUp,
    [Symbol.dispose]: giveUp,
  }
}
