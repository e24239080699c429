import type { LibraryHandle } from 'koffi'
import { systemError } from './system-error.ts'

/** A program to be run as a child of this process, in a session of its own. */
export interface SpawnCall {
  /** Absolute, or from the caller's working directory; nothing is looked up. */
  path: string
  args: readonly string[]
  /** The whole environment; nothing is inherited. */
  env: Readonly<Record<string, string>>
  /** The caller's own where left out. */
  cwd?: string | undefined
  /** The child's descriptors from 0 on: each number is one of the caller's. It gets no other that is close-on-exec. */
  descriptors: readonly number[]
}

/** Gives the child's process number. @throws the system's error */
export type PosixSpawn = (call: SpawnCall) => number

/** The structures are opaque; glibc's largest takes 336 bytes, and musl's is no larger. */
const STRUCTURE_BYTES = 1_024
const SETSIGDEF = 0x04
const SETSIGMASK = 0x08
const SETSID = 0x80
const F_DUPFD_CLOEXEC = 1030
const EINVAL = 22

/**
 * posix_spawn(3). Unlike a fork, which Node spawns with, it shares the caller's memory until the program is executed:
 * its cost does not grow with the caller's size, and none of the caller's pages has to be faulted in again.
 *
 * The child begins as Node's own do: with every signal as it is by default, and none blocked. (glibc has it ignore 32
 * and 33, which are its threads' own.)
 */
export function bindPosixSpawn(own: LibraryHandle, errno: () => number): PosixSpawn {
  const posixSpawn = own.func(
    'int posix_spawn(_Out_ int *, const char *, const void *, const void *, const char **, const char **)',
  )
  const actions = {
    init: own.func('int posix_spawn_file_actions_init(void *)'),
    dup2: own.func('int posix_spawn_file_actions_adddup2(void *, int, int)'),
    chdir: own.func('int posix_spawn_file_actions_addchdir_np(void *, const char *)'),
    destroy: own.func('int posix_spawn_file_actions_destroy(void *)'),
  }
  const fcntl = own.func('int fcntl(int, int, ...)')
  const close = own.func('int close(int)')
  const attributes = bindAttributes(own)
  /** dup2 would overwrite a low one that is still to be handed over, and leave it close-on-exec where it stays. */
  const outOfTheWay = (fd: number, lowest: number): number => {
    if (fd >= lowest) return fd
    const copy = fcntl(fd, F_DUPFD_CLOEXEC, 'int', lowest)
    if (copy < 0) throw systemError('fcntl', errno())
    return copy
  }

  return ({ path, args, env, cwd, descriptors }) => {
    assertWords([path, ...args, ...Object.entries(env).flat(), cwd ?? ''])
    const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
    const list = Buffer.alloc(STRUCTURE_BYTES)
    const copies: number[] = []
    actions.init(list)
    try {
      for (const [target, fd] of descriptors.entries()) {
        const source = outOfTheWay(fd, descriptors.length)
        if (source !== fd) copies.push(source)
        succeed(actions.dup2(list, source, target))
      }
      if (cwd !== undefined) succeed(actions.chdir(list, cwd))
      const pid = [0]
      succeed(posixSpawn(pid, path, list, attributes, [path, ...args, null], [...variables, null]))
      return pid[0] ?? 0
    } finally {
      actions.destroy(list)
      for (const copy of copies) close(copy)
    }
  }
}

/** These functions give the error itself. */
function succeed(errno: number): void {
  if (errno !== 0) throw systemError('posix_spawn', errno)
}

/** C would take the rest of such a word for nothing. */
function assertWords(words: readonly string[]): void {
  const bad = words.find((word) => word.includes('\0'))
  if (bad !== undefined) throw systemError(`a NUL in ${JSON.stringify(bad)}`, EINVAL)
}

/** The same for every spawn. */
function bindAttributes(own: LibraryHandle): Buffer {
  const attributes = Buffer.alloc(STRUCTURE_BYTES)
  const [all, none] = [Buffer.alloc(STRUCTURE_BYTES), Buffer.alloc(STRUCTURE_BYTES)]
  own.func('int sigfillset(void *)')(all)
  own.func('int sigemptyset(void *)')(none)
  own.func('int posix_spawnattr_init(void *)')(attributes)
  own.func('int posix_spawnattr_setflags(void *, short)')(attributes, SETSIGDEF | SETSIGMASK | SETSID)
  own.func('int posix_spawnattr_setsigdefault(void *, const void *)')(attributes, all)
  own.func('int posix_spawnattr_setsigmask(void *, const void *)')(attributes, none)
  return attributes
}
