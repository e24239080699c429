import type { Command } from 'commander'
import { actOnEach } from '../act-on-each.ts'

export function define(command: Command): void {
  command
    .option('-s, --signal <signal>', 'name or number', 'KILL')
    .option('--by <who>', 'who asks: put into the exit record of a run that this signal ends')
    .addHelpText('after', HELP)
  actOnEach(command, (client, ref, { signal, by }: { signal: string; by?: string }) =>
    client.kill(ref, signal, { by }),
  )
}

const HELP = `
Prints each container once the signal is delivered, which may be before it has ended.

Examples:
  runchart kill web
  runchart kill -s HUP web`
