import { readFileSync } from 'node:fs'
import { ProgramError } from '../errors.ts'
import { baseEnvironment } from '../program/environment.ts'
import { runProgram } from '../program/program.ts'
import { findProgram } from '../runtime/find.ts'

/** A transient scope of systemd, and the process that it is made around. */
export interface ScopeRequest {
  /** Ends in `.scope`. */
  scope: string
  /** Ends in `.slice`. */
  slice: string
  pid: number
}

const TIMEOUT_MS = 10_000
const SYSTEMD = ['org.freedesktop.systemd1', '/org/freedesktop/systemd1', 'org.freedesktop.systemd1.Manager']

/** Behind `--` a slice is no flag, whatever it is called: busctl would look for flags to the very end. */
const CALL = ['--quiet', '--']

/** busctl's arguments that have systemd start a scope. It is forgotten once it is empty, however it ended. */
export function startScopeArgv({ scope, slice, pid }: ScopeRequest): string[] {
  return [
    ...[...CALL, 'call', ...SYSTEMD, 'StartTransientUnit', 'ssa(sv)a(sa(sv))', scope, 'replace'],
    ...['5', 'Slice', 's', slice],
    ...['PIDs', 'au', '1', String(pid)],
    ...['Delegate', 'b', 'true'],
    ...['DefaultDependencies', 'b', 'false'],
    ...['CollectMode', 's', 'inactive-or-failed'],
    '0',
  ]
}

/** A question that systemd answers after what it was told before. */
const PENDING_ARGV = [...CALL, 'get-property', ...SYSTEMD, 'NJobs']
const QUESTIONS = 50

/**
 * Moves a process into a scope of its own under the slice, through D-Bus. Resolves once the process is in it. It has
 * no turn of its own at the limiter: it is part of a create, which has one.
 *
 * @throws ProgramError where there is no busctl or no systemd, or systemd refuses
 */
export async function moveToScope(request: ScopeRequest, signal?: AbortSignal): Promise<void> {
  const busctl = findProgram('busctl')
  const ask = (args: string[]) => askSystemd(busctl, args, signal)
  await ask(startScopeArgv(request))
  for (let question = 0; !isIn(request); question += 1) {
    if (question === QUESTIONS)
      throw new ProgramError(`systemd did not move process ${request.pid} to ${request.scope}`)
    await ask(PENDING_ARGV)
  }
}

async function askSystemd(path: string, args: string[], signal: AbortSignal | undefined): Promise<void> {
  const env = baseEnvironment({})
  const { exitCode, stderr, timedOut } = await runProgram({ path, args, env, timeoutMs: TIMEOUT_MS, signal })
  if (exitCode === 0) return
  const words = timedOut ? `no answer after ${TIMEOUT_MS} ms` : stderr.trim() || `exit code ${exitCode}`
  throw new ProgramError(`systemd could not be asked over D-Bus: ${words}`, {
    hint: 'the cgroup manager systemd needs systemd as process 1 and dbus; cgroupfs does without',
  })
}

function isIn({ pid, scope }: ScopeRequest): boolean {
  const cgroups = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
  return cgroups.split('\n').some((line) => line.endsWith(`/${scope}`))
}
