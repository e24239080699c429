const CANNOT_LOOK = new Set(['EMFILE', 'ENFILE', 'ENOMEM'])

/** Whether an error says that this process cannot look at all, as for want of a descriptor: nothing of what is there. */
export function cannotLook(error: unknown): boolean {
  return CANNOT_LOOK.has((error as NodeJS.ErrnoException).code ?? '')
}

/**
 * Looks at what may be gone at any moment, such as a process; undefined where it is.
 *
 * @throws the system's error where {@link cannotLook}
 */
export function lookAt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch (error) {
    if (cannotLook(error)) throw error
    return undefined
  }
}
