import type { Command } from 'commander'
import type { Client } from '../../../client/client.ts'
import { EXIT_CODES_HELP } from '../../exit-codes.ts'
import { ownDescriptors } from '../../input/descriptors.ts'
import { collect, parseCount, resolveEnv } from '../../input/values.ts'
import { print } from '../../output/print.ts'
import { withOwner } from '../../owner/with-owner.ts'
import { execAttached } from '../../run/exec-attached.ts'
import { warnWithoutTerminal } from '../../terminal/session.ts'

interface Flags {
  detach?: boolean
  interactive?: boolean
  tty?: boolean
  env?: string[]
  workdir?: string
  user?: string
  capAdd?: string[]
  preserveFds?: number
}

export function define(command: Command): void {
  command
    .usage('[options] CONTAINER COMMAND [ARG...]')
    .argument('<container>', 'id, start of an id, or name')
    .argument('<command...>', 'program and arguments')
    .passThroughOptions()
    .option('-d, --detach', 'leave the command to itself and print the id of its session')
    .option('-i, --interactive', 'let the command read this standard input')
    .option('-t, --tty', 'give the command a terminal')
    .option(
      '-e, --env <name=value>',
      'an environment variable; NAME alone takes the value it has here',
      collect,
    )
    .option('-w, --workdir <dir>', "working directory in the container; the container's own where left out")
    .option('-u, --user <user[:group]>', "names or numbers; the container's own where left out")
    .option('--cap-add <name>', 'a capability more, such as NET_RAW', collect)
    .option('--preserve-fds <n>', 'hand on so many open descriptors, from 3', parseCount)
    .addHelpText('after', HELP)
    .action((ref: string, argv: string[], flags: Flags) =>
      withOwner(command, (client) => exec(client, ref, argv, flags)),
    )
}

async function exec(client: Client, ref: string, argv: string[], flags: Flags): Promise<void> {
  const { detach, interactive, tty, env, workdir, user, capAdd, preserveFds = 0 } = flags
  const options = {
    ...{ workdir, user, capAdd, tty },
    ...(env !== undefined && { env: resolveEnv(env, process.env) }),
    ...(preserveFds > 0 && { preserveFds: ownDescriptors(preserveFds) }),
  }
  if (tty === true && interactive === true && detach !== true) warnWithoutTerminal()
  if (detach === true) await print(`${(await client.execDetached(ref, argv, options)).id}\n`)
  else process.exitCode = await execAttached(client, ref, argv, { ...options, stdin: interactive === true })
}

const HELP = `
The container must be running. The command's output comes here, stdout to stdout and stderr to stderr; SIGINT, SIGTERM,
SIGHUP and SIGQUIT are passed on to it, and it is killed when this verb is. With -t the command has a terminal, whose
output comes to stdout; with -it this terminal is the command's, and Ctrl-C is a key like any other. A detached
command outlives the owner too, and its output is not kept; its exit code is an event.
${EXIT_CODES_HELP}
  else the command's own; 128 + n where signal n ended it

Examples:
  runchart exec web id -u
  runchart exec -w /tmp -u alice -e LANG web sh -c 'pwd; echo $LANG'
  runchart exec -it web sh
  tar c . | runchart exec -i web tar x -C /srv
  runchart exec -d web sh -c 'sleep 60; kill -HUP 1'
  runchart exec --preserve-fds 1 web sh -c 'cat <&3' 3< notes.txt`
