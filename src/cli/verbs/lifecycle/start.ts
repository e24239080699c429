import type { Command } from 'commander'
import { actOnEach } from '../act-on-each.ts'

export function define(command: Command): void {
  command.addHelpText('after', HELP)
  actOnEach(command, (client, ref) => client.start(ref))
}

const HELP = `
Containers that were only created, or that have exited. Prints each when its command runs.

Examples:
  runchart start web
  runchart start web db`
