import type { Command } from 'commander'
import { EXIT_CODES_HELP } from '../../exit-codes.ts'
import { type ContainerFlags, takeContainer, toCreateOptions } from '../../input/container.ts'
import { print } from '../../output/print.ts'
import { withOwner } from '../../owner/with-owner.ts'

export function define(command: Command): void {
  takeContainer(command)
    .addHelpText('after', HELP)
    .action((argv: string[], flags: ContainerFlags) =>
      withOwner(command, async (client) => {
        const { id } = await client.create(toCreateOptions(flags, argv))
        await print(`${id}\n`)
      }),
    )
}

const HELP = `
Prints the container's id. Its command waits for 'runchart start'.
${EXIT_CODES_HELP}

Examples:
  runchart create --name web --bundle /srv/web
  runchart create --rootfs /srv/alpine sh -c 'echo $HOME'`
