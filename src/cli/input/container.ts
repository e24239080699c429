import { resolve } from 'node:path'
import { type Command, Option } from 'commander'
import type { ClientCreateOptions } from '../../client/client.ts'
import type { RestartChoice, StopStage } from '../../types.ts'
import { type HealthFlags, takeHealth, toHealthOptions } from './health.ts'
import { type MonitorFlags, takeMonitor, toMonitorOptions } from './monitor.ts'
import { collectStage, STOP_STAGE_HELP } from './stop.ts'
import { collect, parseCount, parseMemory, parseNumber, resolveEnv, toLabels } from './values.ts'

/** What `run` and `create` take. */
export interface ContainerFlags extends MonitorFlags, HealthFlags {
  rootfs?: string
  bundle?: string
  name?: string
  label?: string[]
  key?: string
  env?: string[]
  workdir?: string
  user?: string
  hostname?: string
  readOnly?: boolean
  memory?: number
  pidsLimit?: number
  cpus?: number
  stopSignal?: string
  stopTimeout?: number
  stopStage?: StopStage[]
  interactive?: boolean
  tty?: boolean
  network?: 'none' | 'slirp4netns'
  rm?: boolean
  restart?: RestartChoice
}

/** Gives a verb the options that say what a container is made of. Options end where its command begins. */
export function takeContainer(command: Command): Command {
  const described = command
    .usage('[options] (--rootfs DIR | --bundle DIR) [COMMAND [ARG...]]')
    .argument('[command...]', "program and arguments; the bundle's own where left out")
    .helpOption('--help', 'show this')
    .passThroughOptions()
    .option('--rootfs <dir>', 'an unpacked root file system; a spec is made around it')
    .option('--bundle <dir>', 'an OCI bundle; its config.json is used')
    .option('--name <name>', 'a name; part of the id where left out')
    .option('-l, --label <name=value>', 'what to find it by; see ps --filter', collect)
    .option('--key <key>', 'asked again with the same key and options, give the same container back')
    .option(
      '-e, --env <name=value>',
      'an environment variable; NAME alone takes the value it has here',
      collect,
    )
    .option('-w, --workdir <dir>', 'working directory in the container')
    .option('-u, --user <user[:group]>', 'names or numbers')
    .option('-h, --hostname <name>', "the container's host name")
    .option('--read-only', 'mount the root file system read-only')
    .option('-m, --memory <size>', 'limit of memory: bytes, or 512m, 1g', parseMemory)
    .option('--pids-limit <n>', 'limit of processes', parseCount)
    .option('--cpus <n>', 'share of CPUs, such as 1.5', parseNumber)
    .addOption(
      new Option('--network <kind>', 'what its network reaches: nothing, or what this user reaches').choices([
        'none',
        'slirp4netns',
      ]),
    )
    .option('--stop-signal <signal>', 'what stop sends first (SIGTERM)')
    .option('--stop-timeout <seconds>', 'how long stop waits before SIGKILL (10)', parseNumber)
    .option('--stop-stage <signal:seconds>', STOP_STAGE_HELP, collectStage)
    .option('-i, --interactive', 'keep standard input open; run passes its own on')
    .option('-t, --tty', 'give the command a terminal')
    .option('--rm', 'remove the container when it has exited, whatever becomes of this verb and its owner')
    .option('--restart <policy>', 'start it again: no, on-failure[:N], always or unless-stopped (no)')
  return takeMonitor(takeHealth(described))
}

/** The flags as the engine takes them. Paths are this process's; the owner has another working directory. */
export function toCreateOptions(flags: ContainerFlags, command: string[]): ClientCreateOptions {
  const { rootfs, bundle, env, name, workdir, user, hostname, readOnly } = flags
  const { memory, pidsLimit, cpus, stopSignal, stopTimeout, network, key } = flags
  return {
    ...{
      name,
      workdir,
      user,
      hostname,
      readOnly,
      memory,
      pidsLimit,
      cpus,
      stopSignal,
      stopTimeout,
      network,
      key,
    },
    ...toMonitorOptions(flags),
    ...toHealthOptions(flags),
    ...(flags.stopStage !== undefined && { stopStages: flags.stopStage }),
    ...(flags.interactive === true && { stdin: true }),
    ...(flags.tty === true && { terminal: true }),
    ...(flags.rm === true && { autoRemove: true }),
    ...(flags.restart !== undefined && { restart: flags.restart }),
    ...(rootfs !== undefined && { rootfs: toPath(rootfs) }),
    ...(bundle !== undefined && { bundle: toPath(bundle) }),
    ...(flags.label !== undefined && { labels: toLabels(flags.label) }),
    ...(env !== undefined && { env: resolveEnv(env, process.env) }),
    ...(command.length > 0 && { command }),
  }
}

/** An empty path stays empty, to be refused, rather than becoming the working directory. */
export function toPath(path: string): string {
  return path === '' ? '' : resolve(path)
}
