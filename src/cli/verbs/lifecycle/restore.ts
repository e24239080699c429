import type { Command } from 'commander'
import { toPath } from '../../input/container.ts'
import { actOnEach } from '../act-on-each.ts'

interface Flags {
  tcpEstablished?: boolean
  imagePath?: string
}

export function define(command: Command): void {
  command
    .option('--tcp-established', 'with the TCP connections that were open')
    .option('--image-path <dir>', "where the checkpoint is; in the container's own directory where left out")
    .addHelpText('after', HELP)
  actOnEach(command, (client, ref, { imagePath, ...flags }: Flags) =>
    client.restore(ref, { ...flags, ...(imagePath !== undefined && { imagePath: toPath(imagePath) }) }),
  )
}

const HELP = `
Brings the processes of a checkpoint back, where they stood, as the next run of a container that has exited. Prints
each when it runs.

Examples:
  runchart restore web
  runchart restore --image-path /srv/images/web web`
