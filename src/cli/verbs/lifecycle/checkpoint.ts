import type { Command } from 'commander'
import { toPath } from '../../input/container.ts'
import { actOnEach } from '../act-on-each.ts'

interface Flags {
  leaveRunning?: boolean
  tcpEstablished?: boolean
  imagePath?: string
}

export function define(command: Command): void {
  command
    .option('-R, --leave-running', 'go on after it; without, the processes end')
    .option('--tcp-established', 'also where TCP connections are open, which without it is refused')
    .option('--image-path <dir>', "where it is written; in the container's own directory where left out")
    .addHelpText('after', HELP)
  actOnEach(command, (client, ref, { imagePath, ...flags }: Flags) =>
    client.checkpoint(ref, { ...flags, ...(imagePath !== undefined && { imagePath: toPath(imagePath) }) }),
  )
}

const HELP = `
Writes the processes of running containers to disk, memory and all, for 'runchart restore'. Needs CRIU and a
runtime that works with it, such as runc. The directory is readable by its owner alone. Prints each container when
it can be restored.

Examples:
  runchart checkpoint web
  runchart checkpoint -R --image-path /srv/images/web web`
