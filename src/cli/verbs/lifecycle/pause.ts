import type { Command } from 'commander'
import { actOnEach } from '../act-on-each.ts'

export function define(command: Command): void {
  command.addHelpText('after', HELP)
  actOnEach(command, (client, ref) => client.pause(ref))
}

const HELP = `
Freezes every process of each container, without a signal that it could see.

Examples:
  runchart pause web
  runchart unpause web`
