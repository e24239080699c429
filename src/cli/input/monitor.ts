import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { RunchartError } from '../../../effects/errors.ts'
import type { CreateOptions, PortMapping } from '../../types.ts'
import { collect } from './values.ts'

/** What `run` and `create` take for a container's conmon and cgroup. */
export interface MonitorFlags {
  reservePort?: PortMapping[]
  exitCommand?: string
  exitCommandArg?: string[]
  conmonPidfile?: string
  cgroupParent?: string
  cgroupManager?: 'cgroupfs' | 'systemd'
}

/** Adds the options. */
export function takeMonitor(command: Command): Command {
  return command
    .option(
      '--reserve-port <[ip:]port[/protocol]>',
      'keep a port of this machine taken while the container lives; tcp unless udp is said',
      collectPort,
    )
    .option('--exit-command <path>', 'a program that is run after each exit, also without an owner')
    .option('--exit-command-arg <arg>', 'an argument for it', collect)
    .option('--conmon-pidfile <path>', "a file for conmon's process number")
    .option('--cgroup-parent <path>', 'where its cgroup goes; a slice under systemd')
    .addOption(
      new Option(
        '--cgroup-manager <manager>',
        "who makes its cgroup; the owner's choice where left out",
      ).choices(['cgroupfs', 'systemd']),
    )
}

/** The flags as the engine takes them. */
export function toMonitorOptions(flags: MonitorFlags): Partial<Omit<CreateOptions, 'preserveFds'>> {
  const { reservePort, exitCommand, exitCommandArg = [], conmonPidfile, cgroupParent, cgroupManager } = flags
  if (exitCommand === undefined && exitCommandArg.length > 0) {
    throw new RunchartError('EINPUT', '--exit-command-arg needs an --exit-command', {
      hint: 'name the program with --exit-command PATH',
    })
  }
  return {
    cgroupParent,
    cgroupManager,
    ...(reservePort !== undefined && { ports: reservePort, reservePorts: true }),
    ...(exitCommand !== undefined && { exitCommand: [toProgram(exitCommand), ...exitCommandArg] }),
    ...(conmonPidfile !== undefined && { conmonPidFile: conmonPidfile === '' ? '' : resolve(conmonPidfile) }),
  }
}

/** A path is this process's; a name is refused by the owner, which looks nothing up. */
function toProgram(path: string): string {
  return path.includes('/') ? resolve(path) : path
}

function collectPort(text: string, before: PortMapping[] = []): PortMapping[] {
  return [...before, parsePort(text)]
}

/** `80`, `80/udp`, `127.0.0.1:80`, `[::1]:80/tcp`. */
export function parsePort(text: string): PortMapping {
  const match = /^(?:\[([^\]]+)\]:|([^:[\]]+):)?(\d{1,5})(?:\/(tcp|udp|sctp))?$/i.exec(text)
  if (match === null) {
    throw new InvalidArgumentError(
      'Give [IP:]PORT[/tcp|udp], an IPv6 address in brackets, such as 127.0.0.1:80/tcp.',
    )
  }
  const [, ipv6, ipv4, port, protocol = 'tcp'] = match
  const hostIp = ipv6 ?? ipv4
  return {
    protocol: protocol.toLowerCase() as PortMapping['protocol'],
    hostPort: Number(port),
    ...(hostIp !== undefined && { hostIp }),
  }
}
