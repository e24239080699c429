import { type Command, Option } from 'commander'
import { readGlobals } from '../../input/globals.ts'
import { parseNumber } from '../../input/values.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
/** Seconds that a background owner stays when nothing lives and nobody asks. */
const BACKGROUND_IDLE = 60

interface Flags {
  background?: boolean
  logLevel: string
  idleTimeout?: number
}

export function define(command: Command): void {
  command
    .addOption(new Option('--log-level <level>', 'how much is logged').choices(LEVELS).default('info'))
    .option(
      '--idle-timeout <seconds>',
      'leave when nothing has lived and nobody has asked for so long; 0 for never (0)',
      parseNumber,
    )
    .addOption(new Option('--background').hideHelp())
    .addHelpText('after', HELP)
    .action(async ({ background = false, logLevel, idleTimeout }: Flags) => {
      const { serve } = await import('../../owner/serve.ts')
      await serve(readGlobals(command), {
        background,
        logLevel,
        idleTimeout: idleTimeout ?? (background ? BACKGROUND_IDLE : 0),
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
