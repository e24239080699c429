import { type Command, Option } from 'commander'
import type { CreationOptions } from '../../engine/creation/settings.ts'
import { parseLimit } from './values.ts'

const MANAGERS = ['cgroupfs', 'systemd']
const MONITOR_LOST = ['kill', 'keep']

/** What an owner that is started here creates containers with; stands before the verb. */
export type CreationFlags = Pick<
  CreationOptions,
  'cgroupManager' | 'logSizeMax' | 'noPivot' | 'reservePorts' | 'monitorLost'
>

/** Adds the options. */
export function takeCreation(program: Command): Command {
  return program
    .addOption(new Option('--cgroup-manager <manager>', 'who makes cgroups (cgroupfs)').choices(MANAGERS))
    .option('--log-size-max <bytes>', 'begin a log anew at this size; -1 for no limit (-1)', parseLimit)
    .option('--no-pivot', 'move the root instead of pivoting it, as on a ramdisk')
    .option('--reserve-ports', 'keep the ports of containers taken while they live')
    .addOption(
      new Option('--monitor-lost <fate>', 'what becomes of a container whose conmon dies (kill)').choices(
        MONITOR_LOST,
      ),
    )
}

/** Reads them: those of the program, not the verb's own of the same name. */
export function readCreation(verb: Command): CreationFlags {
  const { cgroupManager, logSizeMax, pivot, reservePorts, monitorLost } = programOf(verb).opts()
  return {
    cgroupManager,
    logSizeMax,
    noPivot: pivot === false ? true : undefined,
    reservePorts,
    monitorLost,
  }
}

/** The flags once more, for an owner in the background. */
export function creationArgv(flags: CreationFlags): string[] {
  const { cgroupManager, logSizeMax, noPivot, reservePorts, monitorLost } = flags
  return [
    ...(cgroupManager === undefined ? [] : ['--cgroup-manager', cgroupManager]),
    ...(logSizeMax === undefined ? [] : ['--log-size-max', String(logSizeMax)]),
    ...(noPivot === true ? ['--no-pivot'] : []),
    ...(reservePorts === true ? ['--reserve-ports'] : []),
    ...(monitorLost === undefined ? [] : ['--monitor-lost', monitorLost]),
  ]
}

function programOf(verb: Command): Command {
  return verb.parent === null ? verb : programOf(verb.parent)
}
