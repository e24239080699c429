import type { Command } from 'commander'
import type { Client, ClientCreateOptions } from '../../../client/client.ts'
import { EXIT_CODES_HELP } from '../../exit-codes.ts'
import { type ContainerFlags, takeContainer, toCreateOptions } from '../../input/container.ts'
import { ownDescriptors } from '../../input/descriptors.ts'
import { parseCount } from '../../input/values.ts'
import { print } from '../../output/print.ts'
import { withOwner } from '../../owner/with-owner.ts'
import { runAttached } from '../../run/attached.ts'
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../../terminal/detach-keys.ts'
import { warnWithoutTerminal } from '../../terminal/session.ts'

interface RunFlags extends ContainerFlags {
  detach?: boolean
  detachKeys?: number[]
  preserveFds?: number
}

export function define(command: Command): void {
  takeContainer(command)
    .option('-d, --detach', 'print the id and leave the container to itself')
    .option(
      '--detach-keys <keys>',
      `typed in a row, they leave the container to itself; '' for none (${DEFAULT_DETACH_KEYS})`,
      parseDetachKeys,
    )
    .option('--preserve-fds <n>', 'hand on so many open descriptors, from 3, to its first run', parseCount)
    .addHelpText('after', HELP)
    .action((argv: string[], flags: RunFlags) => withOwner(command, (client) => run(client, argv, flags)))
}

async function run(client: Client, argv: string[], flags: RunFlags): Promise<void> {
  const { preserveFds = 0 } = flags
  const options = {
    ...toCreateOptions(flags, argv),
    ...(preserveFds > 0 && { preserveFds: ownDescriptors(preserveFds) }),
  }
  if (flags.detach === true) {
    await runDetached(client, options)
    return
  }
  if (flags.tty === true && flags.interactive === true) warnWithoutTerminal()
  const { detachKeys = parseDetachKeys(DEFAULT_DETACH_KEYS) } = flags
  process.exitCode = await runAttached(client, options, detachKeys)
}

async function runDetached(client: Client, options: ClientCreateOptions): Promise<void> {
  const { id } = await client.create(options)
  try {
    await client.start(id)
  } catch (error) {
    if (options.autoRemove === true) await client.remove(id, { force: true }).catch(() => {})
    throw error
  }
  await print(`${id}\n`)
}

const HELP = `
Copies the container's output to this terminal, stdout to stdout and stderr to stderr, passes SIGINT, SIGTERM,
SIGHUP and SIGQUIT on to it, and exits with its exit code. With -i its input is this one, to its end; with -it this
terminal is the container's: Ctrl-C is a key like any other, and Ctrl-P Ctrl-Q leaves the container running.
Descriptors that are handed on are opened anew: files are read from their beginning, and sockets are refused. A later
run has none of them.
${EXIT_CODES_HELP}
  else the command's own; 128 + n where signal n ended it

Examples:
  runchart run --rootfs /srv/alpine echo hello
  runchart run --rm --rootfs /srv/alpine sh -c 'exit 7'; echo $?
  runchart run -d --name web --memory 512m --cpus 1.5 --bundle /srv/web
  runchart run -d --reserve-port 127.0.0.1:8080 --exit-command /usr/local/bin/notify --bundle /srv/web
  runchart run -it --rm --rootfs /srv/alpine sh
  tar c . | runchart run -i --rm --rootfs /srv/alpine tar t
  runchart run --preserve-fds 1 --rootfs /srv/alpine sh -c 'cat <&3' 3< notes.txt
  runchart run -e LANG -e MODE=test -w /tmp -u alice --rootfs /srv/alpine env`
