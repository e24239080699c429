import type { Command } from 'commander'
import type { ProcessInfo } from '../../../types.ts'
import { type Format, takeFormat } from '../../output/format.ts'
import { print } from '../../output/print.ts'
import { printable, table } from '../../output/table.ts'
import { withOwner } from '../../owner/with-owner.ts'

export function define(command: Command): void {
  takeFormat(command, 'table, or an array for programs')
    .argument('<container>', 'id, start of an id, or name')
    .addHelpText('after', HELP)
    .action((ref: string, { format }: { format: Format }) =>
      withOwner(command, async (client) => {
        const processes = await client.top(ref)
        await print(format === 'json' ? `${JSON.stringify(processes, null, 2)}\n` : inLines(processes))
      }),
    )
}

function inLines(processes: ProcessInfo[]): string {
  const rows = processes.map(({ uid, pid, ppid, startedAt, cpuMs, command }) => [
    ...[String(uid), String(pid), String(ppid), startedAt, `${(cpuMs / 1_000).toFixed(2)}s`],
    printable(command.join(' ')),
  ])
  return table([['UID', 'PID', 'PPID', 'STARTED', 'CPU', 'COMMAND'], ...rows])
}

const HELP = `
The processes of a container, as the host numbers them, the first one first.

Examples:
  runchart top web
  runchart top web --format json | jq '.[].pid'`
