import type { ExecOptions } from './options.ts'

/** What is read of a container's own `process`; the rest is passed through. */
export interface BaseProcess {
  env?: string[] | undefined
  cwd?: string | undefined
  user?: object | undefined
  capabilities?: Partial<Record<'bounding' | 'effective' | 'permitted', string[]>> | undefined
}

/** The specification of a session's process: its container's own, changed as the options say. Pure. */
export function execProcessSpec(base: BaseProcess, options: ExecOptions): Record<string, unknown> {
  const { user, cwd, capabilities, env, size } = options
  return {
    ...base,
    terminal: options.tty,
    consoleSize: size === undefined ? undefined : { height: size.rows, width: size.columns },
    args: [...options.command],
    // The container's own TERM counts before this one.
    env: mergeEnv([...(options.tty ? ['TERM=xterm'] : []), ...(base.env ?? [])], env),
    cwd: cwd ?? base.cwd ?? '/',
    noNewPrivileges: options.noNewPrivileges,
    ...(user !== undefined && {
      user: { ...base.user, uid: user.uid, gid: user.gid, additionalGids: user.additionalGids ?? [] },
    }),
    ...(capabilities.length > 0 && { capabilities: addCapabilities(base.capabilities ?? {}, capabilities) }),
  }
}

/** To the sets that `--cap` adds to. */
function addCapabilities(
  sets: NonNullable<BaseProcess['capabilities']>,
  names: readonly string[],
): BaseProcess['capabilities'] {
  const added = (present: string[] = []): string[] => [...new Set([...present, ...names])]
  return {
    ...sets,
    bounding: added(sets.bounding),
    effective: added(sets.effective),
    permitted: added(sets.permitted),
  }
}

/** A variable that is given again replaces the container's. */
function mergeEnv(present: readonly string[], added: readonly string[]): string[] {
  const entries = [...present, ...added].map((entry) => [entry.split('=', 1)[0] ?? '', entry] as const)
  return [...new Map(entries).values()]
}
