import { type Command, InvalidArgumentError } from 'commander'
import type { ContainerInfo } from '../../../types.ts'
import { type Format, takeFormat } from '../../output/format.ts'
import { print } from '../../output/print.ts'
import { printable, shorten, table } from '../../output/table.ts'
import { ago, statusInWords } from '../../output/words.ts'
import { withOwner } from '../../owner/with-owner.ts'

const SHORT_ID = 12
const COMMAND_WIDTH = 30

interface Flags {
  all?: boolean
  quiet?: boolean
  filter?: string[]
  format: Format
}

export function define(command: Command): void {
  takeFormat(command, 'table, or an array for programs')
    .option('-a, --all', 'also those that neither run nor wait to be started again')
    .option('-q, --quiet', 'only ids')
    .option('-f, --filter <label=NAME[=VALUE]>', 'only those that have the label', parseFilter)
    .addHelpText('after', HELP)
    .action((flags: Flags) =>
      withOwner(command, async (client) => {
        const containers = await client.list({ all: flags.all, labels: flags.filter })
        containers.sort((a, b) => b.createdAt.localeCompare(a.createdAt))
        await print(render(containers, flags))
      }),
    )
}

function render(containers: ContainerInfo[], { quiet, format }: Flags): string {
  if (quiet === true) return containers.map(({ id }) => `${id.slice(0, SHORT_ID)}\n`).join('')
  if (format === 'json') return `${JSON.stringify(containers.map(toRecord), null, 2)}\n`
  const now = Date.now()
  const head = ['CONTAINER ID', 'COMMAND', 'CREATED', 'STATUS', 'NAMES']
  return table([head, ...containers.map((info) => toRow(info, now))])
}

function toRow(info: ContainerInfo, now: number): string[] {
  const command = shorten(printable(info.command.join(' ')), COMMAND_WIDTH)
  const created = ago(info.createdAt, now)
  return [info.id.slice(0, SHORT_ID), command, created, statusInWords(info, now), info.name]
}

/** The keys that scripts rely on. */
function toRecord(info: ContainerInfo): Record<string, unknown> {
  const { id, name, state, pid, exitCode, generation, createdAt, startedAt, finishedAt } = info
  return { id, name, state, pid, exitCode, generation, createdAt, startedAt, finishedAt }
}

/** Collects filters; of a container's labels, the only ones there are. */
function parseFilter(text: string, before: string[] = []): string[] {
  if (!text.startsWith('label=') || text === 'label=') {
    throw new InvalidArgumentError('Give label=NAME, or label=NAME=VALUE.')
  }
  return [...before, text.slice('label='.length)]
}

const HELP = `
Examples:
  runchart ps
  runchart ps -a --format json
  runchart ps -a --filter label=tier=web
  runchart rm -f $(runchart ps -aq)`
