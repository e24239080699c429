import { type Command, InvalidArgumentError } from 'commander'
import { quote } from '../../../../effects/quote.ts'
import type { EngineEvent, EventFilter } from '../../../types.ts'
import { parseCount } from '../../input/values.ts'
import { type Format, takeFormat } from '../../output/format.ts'
import { print } from '../../output/print.ts'
import { withOwner } from '../../owner/with-owner.ts'

interface Flags {
  since?: number
  follow?: boolean
  filter?: EventFilter
  format: Format
}

export function define(command: Command): void {
  takeFormat(command, 'lines for people, or an object on each line')
    .option('--since <seq>', 'only what came after the event with this number', parseCount)
    .option('-f, --follow', 'go on with what happens from now on')
    .option('--filter <what=value>', 'only those of a container, a type or a label', parseFilter)
    .addHelpText('after', HELP)
    .action(({ since, follow, filter, format }: Flags) =>
      withOwner(command, async (client) => {
        const render = format === 'json' ? JSON.stringify : inWords
        for await (const event of client.events({ since, follow, filter })) await print(`${render(event)}\n`)
      }),
    )
}

const PARTS: readonly string[] = ['container', 'type', 'label'] satisfies (keyof EventFilter)[]

/** Collects `WHAT=VALUE`: several of a container or a type are alternatives, each label must hold. */
function parseFilter(text: string, before: EventFilter = {}): EventFilter {
  const [part = '', ...value] = text.split('=')
  if (!PARTS.includes(part) || value.join('=') === '') {
    throw new InvalidArgumentError('Give container=NAME, type=TYPE, label=NAME or label=NAME=VALUE.')
  }
  const known = before[part as keyof EventFilter] ?? []
  return { ...before, [part]: [known, value.join('=')].flat() }
}

/** One event on a line. */
function inWords(event: EngineEvent): string {
  const { seq, at, containerId, name } = event
  const whose = containerId === null ? '' : `${containerId.slice(0, 12)} ${name} `
  return `${seq} ${at} ${whose}${what(event)}`
}

function what(event: EngineEvent): string {
  switch (event.type) {
    case 'signal':
      return `signal ${event.signal}`
    case 'monitor.lost':
      return 'monitor lost'
    case 'watch.degraded':
      return `watch degraded: ${event.reason}${event.hint === undefined ? '' : `; ${event.hint}`}`
    case 'watch.restored':
      return 'watch restored'
    case 'dropped':
      return `events ${event.from} to ${event.to} are no longer on record`
    case 'restart.scheduled':
      return `restart ${event.attempt} in ${event.delayMs} ms`
    case 'restart.given-up':
      return `given up after ${event.restarts} restarts`
    case 'health':
      return event.status
    case 'exec.started':
      return `exec ${event.sessionId.slice(0, 12)} started: ${quote(event.command.join(' '))}`
    case 'exec.exited':
      return `exec ${event.sessionId.slice(0, 12)} exited with exit code ${event.exitCode}`
    case 'state': {
      const from = event.from === null ? '' : `${event.from} -> `
      const exit = event.exitCode === undefined ? '' : ` exit code ${event.exitCode}`
      const error = event.error === undefined ? '' : ` ${event.error.code}: ${event.error.message}`
      return `${from}${event.to}${exit}${error}`
    }
  }
}

const HELP = `
Events are numbered; the numbers never go back. Without -f it prints what is recorded and ends.
Old ones are given up after a time; a line says which numbers are missing.
--filter may be given several times: any of several containers or types is enough, and each label must hold.
An event that is of no container is the engine's own: "watch degraded" says why exits may be told late.

Examples:
  runchart events
  runchart events --since 120 --format json
  runchart events -f --filter container=web --filter type=state
  runchart events -f --filter label=tier=web
  runchart events -f --format json | jq 'select(.to == "exited")'`
