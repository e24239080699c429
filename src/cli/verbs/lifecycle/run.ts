import type { Command } from 'commander'
import type { Client } from '../../../client/client.ts'
import type { CreateOptions } from '../../../types.ts'
import { EXIT_CODES_HELP } from '../../exit-codes.ts'
import { type ContainerFlags, takeContainer, toCreateOptions } from '../../input/container.ts'
import { print } from '../../output/print.ts'
import { withOwner } from '../../owner/with-owner.ts'
import { runAttached } from '../../run/attached.ts'

interface RunFlags extends ContainerFlags {
  detach?: boolean
  rm?: boolean
}

export function define(command: Command): void {
  takeContainer(command)
    .option('-d, --detach', 'print the id and leave the container to itself')
    .option('--rm', 'remove the container when it has ended, whatever becomes of this verb')
    .addHelpText('after', HELP)
    .action((argv: string[], flags: RunFlags) => withOwner(command, (client) => run(client, argv, flags)))
}

async function run(client: Client, argv: string[], flags: RunFlags): Promise<void> {
  const options = toCreateOptions(flags, argv)
  const remove = flags.rm === true
  if (flags.detach === true) await runDetached(client, options, remove)
  else process.exitCode = await runAttached(client, options, remove)
}

async function runDetached(client: Client, options: CreateOptions, remove: boolean): Promise<void> {
  const { id } = await client.create(options, { autoRemove: remove })
  try {
    await client.start(id)
  } catch (error) {
    if (remove) await client.remove(id, { force: true }).catch(() => {})
    throw error
  }
  await print(`${id}\n`)
}

const HELP = `
Copies the container's output to this terminal, stdout to stdout and stderr to stderr, passes SIGINT, SIGTERM,
SIGHUP and SIGQUIT on to it, and exits with its exit code.
${EXIT_CODES_HELP}
  else the command's own; 128 + n where signal n ended it

Examples:
  runchart run --rootfs /srv/alpine echo hello
  runchart run --rm --rootfs /srv/alpine sh -c 'exit 7'; echo $?
  runchart run -d --name web --memory 512m --cpus 1.5 --bundle /srv/web
  runchart run -e LANG -e MODE=test -w /tmp -u alice --rootfs /srv/alpine env`
