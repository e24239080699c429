import type { Command } from 'commander'
import { actOnEach } from '../act-on-each.ts'

export function define(command: Command): void {
  command.addHelpText('after', HELP)
  actOnEach(command, (client, ref) => client.cleanup(ref))
}

const HELP = `
Has the runtime let go of containers that have exited. This happens by itself; it is for one that is still 'stopped'
because it failed. One that is cleaned up already is left as it is.

Examples:
  runchart cleanup web`
