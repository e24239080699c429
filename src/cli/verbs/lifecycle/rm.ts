import type { Command } from 'commander'
import { actOnEach } from '../act-on-each.ts'

export function define(command: Command): void {
  command
    .option('-f, --force', 'end those that live first, with SIGKILL')
    .option('--by <who>', 'who asks: put into the exit record of a run that ends with it')
    .addHelpText('after', HELP)
  actOnEach(command, (client, ref, flags: { force?: boolean; by?: string }) => client.remove(ref, flags))
}

const HELP = `
Removes containers with their logs. Their exit codes are kept a while: 'runchart wait ID' still answers.

Examples:
  runchart rm web
  runchart rm -f web db`
