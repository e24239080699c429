import { type Command, InvalidArgumentError, Option } from 'commander'
import { readGlobals } from '../../input/globals.ts'
import { parseCount, parseLimit, parseNumber } from '../../input/values.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
/** Seconds that a background owner stays when nothing lives and nobody asks. */
const BACKGROUND_IDLE = 60

interface Flags {
  background?: boolean
  logLevel: string
  idleTimeout?: number
  keepEvents?: number
  keepEventsFor?: number
  inspect?: number | true
}

export function define(command: Command): void {
  command
    .addOption(new Option('--log-level <level>', 'how much is logged').choices(LEVELS).default('info'))
    .option(
      '--idle-timeout <seconds>',
      'leave when nothing has lived and nobody has asked for so long; 0 for never (0)',
      parseNumber,
    )
    .option('--keep-events <count>', 'how many events are kept; -1 for all (100000)', parseLimit)
    .option('--keep-events-for <seconds>', 'how long events are kept (604800, a week)', parseNumber)
    .option(
      '--inspect [port]',
      'serve the inspector page on 127.0.0.1; on any free port where left out',
      parsePort,
    )
    .addOption(new Option('--background').hideHelp())
    .addHelpText('after', HELP)
    .action(async (flags: Flags) => {
      const { background = false, logLevel, idleTimeout, keepEvents, keepEventsFor, inspect } = flags
      const { serve } = await import('../../owner/serve.ts')
      await serve(readGlobals(command), {
        background,
        logLevel,
        idleTimeout: idleTimeout ?? (background ? BACKGROUND_IDLE : 0),
        retention: {
          events: keepEvents === -1 ? Number.POSITIVE_INFINITY : keepEvents,
          age: keepEventsFor,
        },
        inspectorPort: inspect === true ? 0 : inspect,
      })
    })
}

function parsePort(text: string): number {
  const port = parseCount(text)
  if (port > 65_535) throw new InvalidArgumentError('Give a port, at most 65535.')
  return port
}

const HELP = `
Owns the root until SIGINT, SIGTERM or SIGHUP; containers live on without it. Commands under way have 10 seconds to
finish then; whoever waits, follows or is attached is told to ask again. A second signal ends it at once: the next owner
finds containers as they are, and ends what was under way. Logs are JSON lines on standard error.

The inspector page shows the containers live in a browser, and can do with them what the owner can. Its address, with
the token that it asks for, is on standard error; nobody else on this machine or the network gets in.

Examples:
  runchart serve
  runchart --root /srv/state --run-root /run/ci serve --log-level debug
  runchart serve --idle-timeout 300
  runchart serve --inspect
  runchart serve --inspect 8080`
