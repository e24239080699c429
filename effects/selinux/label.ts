/** A SELinux security context. */
export interface SecurityLabel {
  user: string
  role: string
  type: string
  /** Sensitivity and categories, such as `s0-s0:c0.c1023`; empty under a policy without levels. */
  level: string
}

/** Reads `user:role:type` or `user:role:type:level`; undefined for anything else. */
export function parseLabel(text: string): SecurityLabel | undefined {
  const match = /^([^:\s]+):([^:\s]+):([^:\s]+)(?::(\S+))?$/.exec(text.replace(/[\0\n]+$/, ''))
  if (match === null) return undefined
  const [, user = '', role = '', type = '', level = ''] = match
  return { user, role, type, level }
}

/** The context as the kernel takes it. */
export function formatLabel({ user, role, type, level }: SecurityLabel): string {
  return [user, role, type, ...(level === '' ? [] : [level])].join(':')
}

/**
 * The context that conmon is to have: its caller's at the lowest level, so that every container may use the FIFOs
 * that conmon gives it. Undefined where the caller's own will do. Seed: createOCIContainer.
 */
export function monitorLabel(current: SecurityLabel): SecurityLabel | undefined {
  return current.level === '' || current.level === 's0' ? undefined : { ...current, level: 's0' }
}
