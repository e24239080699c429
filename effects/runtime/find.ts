import { accessSync, constants, statSync } from 'node:fs'
import { isAbsolute, join } from 'node:path'
import { ProgramError } from '../errors.ts'
import { baseEnvironment, FIXED_PATH } from '../program/environment.ts'
import { type ProgramResult, runProgram } from '../program/program.ts'
import { quote } from '../quote.ts'

const PACKAGES: Record<string, string> = { conmon: 'conmon', runc: 'runc', crun: 'crun' }
const VERSION_TIMEOUT_MS = 10_000
const OLDEST: Record<string, string> = { conmon: '2.0.0', runc: '1.0.0' }

/**
 * The absolute path of a program: as given, or the first executable file of that name in `paths`.
 *
 * @throws ProgramError where there is none, or where an absolute path is no executable file
 */
export function findProgram(nameOrPath: string, paths: readonly string[] = FIXED_PATH.split(':')): string {
  if (isAbsolute(nameOrPath)) return checkedPath(nameOrPath)
  if (nameOrPath === '' || nameOrPath.includes('/')) {
    throw new ProgramError(`${quote(nameOrPath)} is neither a program's name nor an absolute path`)
  }
  const found = paths.map((dir) => join(dir, nameOrPath)).find((path) => whyNotExecutable(path) === undefined)
  if (found !== undefined) return found
  throw new ProgramError(`${nameOrPath} is in none of ${paths.join(', ')}`, { hint: packageHint(nameOrPath) })
}

function checkedPath(path: string): string {
  const why = whyNotExecutable(path)
  if (why === undefined) return path
  throw new ProgramError(`${path} ${why}`, { hint: packageHint(path.slice(path.lastIndexOf('/') + 1)) })
}

const OTHER_HINT = 'give the name or the absolute path of conmon, or of an OCI runtime such as runc or crun'

function packageHint(name: string): string {
  const debianPackage = PACKAGES[name]
  return debianPackage === undefined ? OTHER_HINT : `install it: apt-get install ${debianPackage}`
}

function whyNotExecutable(path: string): string | undefined {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return 'does not exist'
  if (stat.isDirectory()) return 'is a directory'
  if (!stat.isFile()) return 'is no regular file'
  try {
    accessSync(path, constants.X_OK)
    return undefined
  } catch {
    return 'is not executable'
  }
}

/**
 * The version a program reports, such as `2.1.6`.
 *
 * @throws ProgramError where it is another program, does not answer, or is too old (conmon 2.0.0, runc 1.0.0)
 */
export async function programVersion(
  path: string,
  call: { expected: 'conmon' | 'runtime'; signal?: AbortSignal | undefined },
): Promise<string> {
  const result = await runProgram({
    path,
    args: ['--version'],
    env: baseEnvironment({}),
    cwd: '/',
    timeoutMs: VERSION_TIMEOUT_MS,
    signal: call.signal,
  })
  const { name, version } = parseVersion(path, result, call.expected)
  const oldest = OLDEST[name]
  if (oldest === undefined || !isOlder(version, oldest)) return version
  throw new ProgramError(`${path} is ${name} ${version}; at least ${oldest} is needed`, {
    hint: packageHint(name),
  })
}

function parseVersion(path: string, result: ProgramResult, expected: 'conmon' | 'runtime') {
  const match = /^(\S+) version:? v?(\d+\.\d+(?:\.\d+)?[^\s,]*)/im.exec(result.stdout)
  const [, name = '', version = ''] = match ?? []
  const isConmon = name === 'conmon'
  // Every OCI runtime also names the specification that it follows.
  const isRuntime = !isConmon && (/^(?:runc|crun|youki)$/.test(name) || /^spec: /m.test(result.stdout))
  if (result.exitCode === 0 && (expected === 'conmon' ? isConmon : isRuntime)) return { name, version }
  const said = result.timedOut ? 'did not answer' : `says ${quote(firstLine(result))}`
  const wanted = expected === 'conmon' ? 'conmon' : 'an OCI runtime'
  throw new ProgramError(`${path} is not ${wanted}: asked for its version it ${said}`, { hint: OTHER_HINT })
}

function firstLine(result: ProgramResult): string {
  const text = result.stdout.trim() === '' ? result.stderr : result.stdout
  return text.trim().split('\n')[0]?.slice(0, 200) ?? ''
}

function isOlder(version: string, than: string): boolean {
  const numbers = (text: string) => text.split(/[.+~-]/).map((part) => Number.parseInt(part, 10) || 0)
  const [left, right] = [numbers(version), numbers(than)]
  for (const index of [0, 1, 2]) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}
