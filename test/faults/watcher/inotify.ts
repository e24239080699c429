import { readdirSync, readFileSync, statSync } from 'node:fs'
import koffi from 'koffi'

const libc = koffi.load(null)
const init = libc.func('int inotify_init1(int flags)')
const addWatch = libc.func('int inotify_add_watch(int fd, const char *path, uint32_t mask)')
const read = libc.func('long read(int fd, _Out_ uint8_t *buffer, size_t count)')
const close = libc.func('int close(int fd)')

const NONBLOCK_CLOEXEC = 0o2004000
/** What libuv asks for. */
const MASK = 0xfc6
const OVERFLOW = 0x4000
/** wd, mask, cookie and the length of the name. */
const HEADER_BYTES = 16
const BUFFER_BYTES = 65_536

/** A queue of the kernel's beside the engine's, of the same bound, that nobody reads until it is asked. */
export interface Queue extends Disposable {
  /** The names that are in it, and whether the kernel had to drop some. */
  drain(): { names: string[]; overflowed: boolean }
}

/** Has the kernel queue what happens in a directory. */
export function queueOf(directory: string): Queue {
  const fd = init(NONBLOCK_CLOEXEC)
  if (fd < 0 || addWatch(fd, directory, MASK) < 0) throw new Error('no inotify watch could be had')
  return {
    drain() {
      const names: string[] = []
      let overflowed = false
      const buffer = Buffer.alloc(BUFFER_BYTES)
      for (let length = read(fd, buffer, BUFFER_BYTES); length > 0; length = read(fd, buffer, BUFFER_BYTES)) {
        for (let at = 0; at < length; ) {
          const nameBytes = buffer.readUInt32LE(at + 12)
          const start = at + HEADER_BYTES
          if ((buffer.readUInt32LE(at + 4) & OVERFLOW) !== 0) overflowed = true
          names.push(buffer.toString('latin1', start, start + nameBytes).replace(/\0+$/, ''))
          at = start + nameBytes
        }
      }
      return { names, overflowed }
    },
    [Symbol.dispose]() {
      close(fd)
    },
  }
}

/** Whether this process has a watch on what is at that path now. */
export function isWatched(path: string): boolean {
  const inode = `ino:${statSync(path).ino.toString(16)} `
  return readdirSync('/proc/self/fd').some((fd) => infoOf(fd).some((line) => line.includes(inode)))
}

function infoOf(fd: string): string[] {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('inotify '))
  } catch {
    // The descriptor of the listing itself.
    return []
  }
}
