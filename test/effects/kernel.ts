import { release } from 'node:os'

const [major = 0, minor = 0] = release().split('.').map(Number)

/** Whether this kernel tells the exit code of a process that its parent has waited for, to whoever has a pidfd. */
export const TELLS_REAPED = major > 6 || (major === 6 && minor >= 15)
