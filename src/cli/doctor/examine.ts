import { RunchartError } from '../../../effects/errors.ts'
import { connectOwner } from '../../client/client.ts'
import { ownerSocketPath } from '../../root/paths.ts'
import type { Globals } from '../input/globals.ts'
import { checkCgroups } from './cgroups.ts'
import { checkDirectory, checkSocketPath } from './directories.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { checkInotify, checkWatch } from './inotify.ts'
import { checkMoves } from './moves.ts'
import { checkOptional, checkProgram } from './programs.ts'

/** Checks all that runchart needs of this machine; changes nothing and starts nothing. */
export async function examine(globals: Globals): Promise<Finding[]> {
  const { root, runRoot, runtime = 'runc', conmon = 'conmon', criu = 'criu' } = globals
  return [
    checkUser(),
    ...(await Promise.all([checkProgram(conmon, 'conmon'), checkProgram(runtime, 'runtime')])),
    checkOptional(criu, 'criu'),
    checkOptional('slirp4netns', 'slirp4netns'),
    guarded('cgroups', checkCgroups),
    ...guardedAll('cgroup moves', checkMoves),
    ...guardedAll('inotify', checkInotify),
    checkWatch(),
    checkDirectory('root', root, '--root'),
    checkDirectory('run root', runRoot, '--run-root'),
    checkSocketPath(runRoot),
    await checkOwner(runRoot),
  ]
}

function checkUser(): Finding {
  if (process.platform !== 'linux') return fail('system', process.platform, 'containers need Linux')
  const detail = `Linux, node ${process.version}, user ${process.geteuid?.()}`
  if (process.geteuid?.() === 0) return ok('system', detail)
  return warn(
    'system',
    `${detail}: no cgroups without delegation`,
    'run as root, or delegate a cgroup to the user',
  )
}

async function checkOwner(runRoot: string): Promise<Finding> {
  const client = connectOwner(ownerSocketPath(runRoot))
  try {
    const { pid, version } = await client.version()
    return ok('owner', `process ${pid}, version ${version}`)
  } catch (error) {
    if (!(error instanceof RunchartError)) throw error
    if (error.code === 'ENOOWNER') return ok('owner', 'none; a verb starts one')
    return fail('owner', error.message, error.hint ?? 'end it, and a verb starts another')
  } finally {
    client.close()
  }
}

function guarded(check: string, look: () => Finding): Finding {
  return guardedAll(check, () => [look()])[0] as Finding
}

/** A file of the kernel's that is not there is a finding, not the end of the examination. */
function guardedAll(check: string, look: () => Finding[]): Finding[] {
  try {
    return look()
  } catch (error) {
    return [warn(check, `cannot be looked at: ${(error as Error).message}`, 'is /proc or /sys not mounted?')]
  }
}
