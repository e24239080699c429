import type { Command } from 'commander'
import type { Client } from '../../../client/client.ts'
import { parseSwitch } from '../../input/values.ts'
import { withOwner } from '../../owner/with-owner.ts'
import { attachTo } from '../../run/attach.ts'
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../../terminal/detach-keys.ts'

interface Flags {
  detachKeys?: number[]
  stdin?: boolean
  sigProxy?: boolean
}

export function define(command: Command): void {
  command
    .argument('<container>', 'id, start of an id, or name')
    .option(
      '--detach-keys <keys>',
      `typed in a row, they leave the container to itself; '' for none (${DEFAULT_DETACH_KEYS})`,
      parseDetachKeys,
    )
    .option('--no-stdin', 'do not pass standard input on')
    .option('--sig-proxy <true|false>', 'whether signals are passed on to the container (true)', parseSwitch)
    .addHelpText('after', HELP)
    .action((ref: string, flags: Flags) => withOwner(command, (client) => attach(client, ref, flags)))
}

async function attach(client: Client, ref: string, flags: Flags): Promise<void> {
  const { detachKeys = parseDetachKeys(DEFAULT_DETACH_KEYS), stdin = true, sigProxy = true } = flags
  process.exitCode = await attachTo(client, ref, { detachKeys, stdin, sigProxy })
}

const HELP = `
The container must have been created and not exited; what it wrote before is in its log. With a terminal in it, this
terminal becomes the container's, and Ctrl-C is a key like any other. Without, standard input is passed on, to its
end, where the container was created with -i; SIGINT, SIGTERM, SIGHUP and SIGQUIT are passed on to it.

This verb exits with the container's exit code, or with 0 once it is detached. What it shows so slowly that 8 MiB wait
for it disconnects it; the container never waits.

Keys are single characters, or ctrl- and one of a-z @ [ \\ ] ^ _, with commas between them.

Examples:
  runchart attach web
  runchart attach --detach-keys ctrl-a,d web
  runchart attach --no-stdin --sig-proxy=false web`
