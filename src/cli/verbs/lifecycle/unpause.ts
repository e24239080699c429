import type { Command } from 'commander'
import { actOnEach } from '../act-on-each.ts'

export function define(command: Command): void {
  command.addHelpText('after', HELP)
  actOnEach(command, (client, ref) => client.resume(ref))
}

const HELP = `
Examples:
  runchart unpause web`
