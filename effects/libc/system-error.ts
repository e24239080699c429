import { getSystemErrorName } from 'node:util'

/** The error of a call that failed, as Node makes them. */
export function systemError(syscall: string, errno: number): NodeJS.ErrnoException {
  const code = getSystemErrorName(-errno)
  return Object.assign(new Error(`${syscall}: ${code}`), { code, errno: -errno, syscall })
}
