import type { Command } from 'commander'
import { quote } from '../../../../effects/quote.ts'
import type { EngineEvent } from '../../../types.ts'
import { parseCount } from '../../input/values.ts'
import { type Format, takeFormat } from '../../output/format.ts'
import { print } from '../../output/print.ts'
import { withOwner } from '../../owner/with-owner.ts'

interface Flags {
  since?: number
  follow?: boolean
  format: Format
}

export function define(command: Command): void {
  takeFormat(command, 'lines for people, or an object on each line')
    .option('--since <seq>', 'only what came after the event with this number', parseCount)
    .option('-f, --follow', 'go on with what happens from now on')
    .addHelpText('after', HELP)
    .action(({ since, follow, format }: Flags) =>
      withOwner(command, async (client) => {
        const render = format === 'json' ? JSON.stringify : inWords
        for await (const event of client.events({ since, follow })) await print(`${render(event)}\n`)
      }),
    )
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
An event that is of no container is the engine's own: "watch degraded" says why exits may be told late.

Examples:
  runchart events
  runchart events --since 120 --format json
  runchart events -f --format json | jq 'select(.to == "exited")'`
