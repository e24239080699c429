import { bindPosixSpawn, type PosixSpawn } from './posix-spawn.ts'

/** What the C library is asked for, where Node has no way of its own. */
export interface Libc {
  socket(domain: number, type: number, protocol: number): number
  connect(fd: number, address: Buffer, length: number): number
  socketpair(domain: number, type: number, protocol: number, pair: number[]): number
  /** Node's own warns of a descriptor that Node has not opened, in its threads. */
  close(fd: number): number
  dup3(from: number, to: number, flags: number): number
  recv(fd: number, buffer: Buffer, length: number, flags: number): number
  mkfifo(path: string, mode: number): number
  pidfdOpen(pid: number): number
  /** The status is put into `status`. */
  waitpid(pid: number, status: number[], options: number): number
  posixSpawn: PosixSpawn
  /** With a buffer as its third argument. */
  ioctl(fd: number, request: number, buffer: Buffer): number
  /** Of the last call that failed. */
  errno(): number
}

/** pidfd_open(2) has this number on every architecture that Node runs on; not every C library has the call itself. */
const SYS_PIDFD_OPEN = 434

let libc: Promise<Libc> | undefined

/** Loaded with the first call: an engine that needs none of it need not load it. */
export function loadLibc(): Promise<Libc> {
  libc ??= import('koffi').then(({ default: koffi }) => {
    // Node's own: whichever C library it was built for.
    const own = koffi.load(null)
    const syscall = own.func('long syscall(long, ...)')
    const ioctl = own.func('int ioctl(int, unsigned long, ...)')
    return {
      socket: own.func('int socket(int, int, int)'),
      connect: own.func('int connect(int, const void *, uint32_t)'),
      socketpair: own.func('int socketpair(int, int, int, _Out_ int *)'),
      close: own.func('int close(int)'),
      dup3: own.func('int dup3(int, int, int)'),
      recv: own.func('intptr_t recv(int, void *, size_t, int)'),
      mkfifo: own.func('int mkfifo(const char *, uint32_t)'),
      waitpid: own.func('int waitpid(int, _Out_ int *, int)'),
      posixSpawn: bindPosixSpawn(own, koffi.errno),
      pidfdOpen: (pid) => Number(syscall(SYS_PIDFD_OPEN, 'int', pid, 'uint', 0)),
      ioctl: (fd, request, buffer) => ioctl(fd, request, 'void *', buffer),
      errno: () => koffi.errno(),
    }
  })
  return libc
}
