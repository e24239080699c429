/** What a program makes of its arguments: what it takes for flags, with their values, and what for the rest. */
export interface ReadArguments {
  flags: (readonly [name: string, value: string | undefined])[]
  rest: string[]
}

/** How a program reads flags. */
interface Grammar {
  /** Those that take the next argument, whatever that is. */
  withValue: readonly string[]
  alone: readonly string[]
  /** Whether a flag is looked for behind the first argument that is none. */
  permutes: boolean
}

/** `conmon --help`, and one that it does not tell of; GLib's GOptionContext takes flags from everywhere. */
const CONMON: Grammar = {
  withValue: [
    ...['-b', '-c', '-P', '-p', '-u', '-l', '-n', '-0', '-r', '-T', '--exec-process-spec', '--exit-command'],
    ...['--exit-command-arg', '--exit-delay', '--exit-dir', '--log-level', '--log-size-max', '--log-tag'],
    ...[
      '--persist-dir',
      '--restore',
      '--restore-arg',
      '--runtime-arg',
      '--runtime-opt',
      '--sdnotify-socket',
      '--socket-dir-path',
    ],
  ],
  alone: [
    ...['--api-version', '-e', '--exec-attach', '--leave-stdin-open', '--no-new-keyring', '--no-pivot'],
    ...[
      '--no-sync-log',
      '--replace-listen-pid',
      '-i',
      '--sync',
      '--syslog',
      '-s',
      '-t',
      '--version',
      '-h',
      '--help',
    ],
  ],
  permutes: true,
}

/** `runc --help`, and crun's: what comes before the verb. */
const RUNTIME: Grammar = {
  withValue: ['--root', '--log', '--log-format', '--rootless', '--criu'],
  alone: ['--debug', '--systemd-cgroup', '--help', '-h', '--version', '-v'],
  permutes: false,
}

/** What comes after it. `exec` alone leaves the rest to the command; the others look for flags to the very end. */
const VERBS: Record<string, Grammar> = {
  exec: {
    withValue: [
      '--cwd',
      '--env',
      '--user',
      '--process',
      '--pid-file',
      '--cap',
      '--console-socket',
      '--preserve-fds',
    ],
    alone: ['--tty', '--detach', '--no-new-privs', '--ignore-paused', '--help'],
    permutes: false,
  },
  checkpoint: {
    withValue: ['--image-path', '--work-path'],
    alone: ['--leave-running', '--tcp-established', '--help'],
    permutes: true,
  },
  kill: { withValue: [], alone: ['--all', '--help'], permutes: true },
  delete: { withValue: [], alone: ['--force', '--help'], permutes: true },
  ps: { withValue: ['--format'], alone: ['--help'], permutes: true },
}
const OTHER_VERB: Grammar = { withValue: [], alone: ['--help'], permutes: true }

/** `busctl --help`; getopt_long(3) takes flags from everywhere, up to `--`. */
const BUSCTL: Grammar = {
  withValue: ['-H', '--host', '-M', '--machine', '--address', '--timeout', '--destination', '--match'],
  alone: ['--quiet', '--system', '--user', '--json', '--help', '--version', '-h', '-q', '-j', '-l'],
  permutes: true,
}

/** As conmon reads them. Throws Error for a flag that it does not know. */
export const asConmon = (args: readonly string[]): ReadArguments => read(CONMON, args)

/** As busctl reads them. Throws Error for a flag that it does not know. */
export const asBusctl = (args: readonly string[]): ReadArguments => read(BUSCTL, args)

/** As a runtime reads them: what comes before its verb, the verb, and what comes after. Throws Error as {@link asConmon}. */
export function asRuntime(args: readonly string[]): {
  global: ReadArguments
  verb: string
  own: ReadArguments
} {
  const global = read(RUNTIME, args)
  const [verb = '', ...own] = global.rest
  return { global, verb, own: read(VERBS[verb] ?? OTHER_VERB, own) }
}

function read({ withValue, alone, permutes }: Grammar, args: readonly string[]): ReadArguments {
  const ahead = [...args]
  const found: ReadArguments = { flags: [], rest: [] }
  for (let arg = ahead.shift(); arg !== undefined; arg = ahead.shift()) {
    if (arg === '--') return { ...found, rest: [...found.rest, ...ahead] }
    if (!arg.startsWith('-') || arg === '-') {
      if (!permutes) return { ...found, rest: [arg, ...ahead] }
      found.rest.push(arg)
      continue
    }
    const [, name = arg, value] = /^(--[^=]*)=(.*)$/s.exec(arg) ?? []
    const takes = withValue.includes(name)
    if (!takes && !alone.includes(name)) throw new Error(`the unknown flag ${JSON.stringify(arg)}`)
    found.flags.push([name, value ?? (takes ? ahead.shift() : undefined)])
  }
  return found
}
