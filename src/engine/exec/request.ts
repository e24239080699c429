import type { ExecUser } from '../../../effects/exec/options.ts'
import { quote } from '../../../effects/quote.ts'
import { InvalidInputError } from '../../errors.ts'
import { validateOptions } from '../../spec/options.ts'
import type { Spec } from '../../spec/types.ts'
import { resolveUser } from '../../spec/user.ts'
import type { SessionOptions, TerminalSize } from '../../types.ts'
import { readDescriptors } from '../creation/descriptors.ts'

/** A command as it is run: checked, and its user a number. */
export interface ExecRequest {
  command: string[]
  env: string[]
  cwd: string | undefined
  user: ExecUser | undefined
  capabilities: string[]
  preserveFds: number[]
  stdin: boolean
  detach: boolean
  tty: boolean
  size: TerminalSize | undefined
}

/** conmon knows no larger terminal. */
const MAX_CELLS = 1_000

/**
 * Reads what is asked for, and changes nothing.
 *
 * @throws InvalidInputError for whatever is wrong with it
 */
export async function readExecRequest(
  command: string[],
  options: SessionOptions,
  spec: Spec,
): Promise<ExecRequest> {
  const { env, workdir, user, capAdd = [], preserveFds = [] } = options
  if (command === undefined) throw new InvalidInputError('there is no command to run')
  // What a container's own command is held to. The root file system is there already; only its name is missing.
  validateOptions({ rootfs: spec.root.path, command, env, workdir, user })
  const { stdin = false, detach = false, tty = false, size } = options
  validateMode(stdin, detach)
  return {
    ...{
      command: [...command],
      env: [...(env ?? [])],
      cwd: workdir,
      stdin,
      detach,
      tty,
      size: tty ? readSize(size) : undefined,
    },
    user: user === undefined ? undefined : await findUser(user, spec),
    capabilities: readCapabilities(capAdd),
    preserveFds: readDescriptors(preserveFds),
  }
}

function validateMode(stdin: boolean, detach: boolean): void {
  if (detach && stdin) {
    throw new InvalidInputError('a detached command has no input', {
      hint: 'leave detach out, or let it read a file',
    })
  }
}

function readSize(size: TerminalSize | undefined): TerminalSize | undefined {
  if (size === undefined) return undefined
  const { columns, rows } = size
  for (const count of [columns, rows]) {
    if (!Number.isSafeInteger(count) || count < 1) {
      throw invalid('size of a terminal', size, 'give two whole numbers above 0')
    }
  }
  return { columns: Math.min(columns, MAX_CELLS), rows: Math.min(rows, MAX_CELLS) }
}

async function findUser(user: string, spec: Spec): Promise<ExecUser> {
  const { uid, gid, additionalGids = [] } = await resolveUser(user, spec.root.path)
  // Runtimes refuse to set additional groups where the caller is not root.
  return { uid, gid, additionalGids: process.geteuid?.() === 0 ? additionalGids : [] }
}

function readCapabilities(names: readonly string[]): string[] {
  if (!Array.isArray(names)) throw invalid('capabilities', names, 'give a list of names such as NET_RAW')
  return names.map((name) => {
    const match = typeof name === 'string' ? /^(?:CAP_)?([A-Z][A-Z_]{0,40})$/.exec(name.toUpperCase()) : null
    if (match === null) throw invalid('capability', name, 'give a name such as NET_RAW')
    return `CAP_${match[1]}`
  })
}

function invalid(what: string, value: unknown, hint: string): InvalidInputError {
  return new InvalidInputError(`invalid ${what} ${quote(value)}`, { hint })
}
