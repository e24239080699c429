import type { Command } from 'commander'
import { actOnEach } from '../act-on-each.ts'

export function define(command: Command): void {
  command.option('-f, --force', 'end those that live first, with SIGKILL').addHelpText('after', HELP)
  actOnEach(command, (client, ref, { force }: { force?: boolean }) => client.remove(ref, { force }))
}

const HELP = `
Removes containers with their logs. Their exit codes are kept a while: 'runchart wait ID' still answers.

Examples:
  runchart rm web
  runchart rm -f web db`
