import { type Command, Option } from 'commander'
import { readGlobals } from '../../input/globals.ts'
import { parseLimit, parseNumber } from '../../input/values.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
/** Seconds that a background owner stays when nothing lives and nobody asks. */
const BACKGROUND_IDLE = 60

interface Flags {
  background?: boolean
  logLevel: string
  idleTimeout?: number
  keepEvents?: number
  keepEventsFor?: number
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
    .addOption(new Option('--background').hideHelp())
    .addHelpText('after', HELP)
    .action(async ({ background = false, logLevel, idleTimeout, keepEvents, keepEventsFor }: Flags) => {
      const { serve } = await import('../../owner/serve.ts')
      await serve(readGlobals(command), {
        background,
        logLevel,
        idleTimeout: idleTimeout ?? (background ? BACKGROUND_IDLE : 0),
        retention: {
          events: keepEvents === -1 ? Number.POSITIVE_INFINITY : keepEvents,
          age: keepEventsFor,
        },
      })
    })
}

const HELP = `
Owns the root until SIGINT, SIGTERM or SIGHUP; containers live on without it. Commands under way have 10 seconds to
finish then; whoever waits, follows or is attached is told to ask again. A second signal ends it at once: the next owner
finds containers as they are, and ends what was under way. Logs are JSON lines on standard error.

Examples:
  runchart serve
  runchart --root /srv/state --run-root /run/ci serve --log-level debug
  runchart serve --idle-timeout 300`
