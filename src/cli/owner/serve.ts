import { join } from 'node:path'
import { type DestinationStream, type Logger, pino } from 'pino'
import { closeOwner, type OwnerServer, serveOwner } from '../../api/serve.ts'
import { openEngine } from '../../engine/open.ts'
import { RootOwnedError } from '../../errors.ts'
import type { InspectorServer } from '../../inspector/serve.ts'
import type { Retention } from '../../store/events/retention.ts'
import type { Engine } from '../../types.ts'
import type { Globals } from '../input/globals.ts'
import { note } from '../output/print.ts'
import { openLogFile } from './log-file.ts'
import { tellStarter } from './readiness.ts'
import { takeUsualUmask } from './umask.ts'
import { dropExperimentalWarning } from './warnings.ts'

/** Options of {@link serve}. */
export interface ServeOptions {
  background: boolean
  /** pino's. */
  logLevel: string
  /** Seconds; 0 for never. */
  idleTimeout: number
  retention: Retention
  /** Where the inspector page is served, 0 for any that is free; it is not where undefined. */
  inspectorPort: number | undefined
}

/** Owns a root until a signal, or idleness, ends it. Containers live on. */
export async function serve(globals: Globals, options: ServeOptions): Promise<void> {
  dropExperimentalWarning()
  takeUsualUmask()
  const { background, logLevel: level } = options
  const logger = background
    ? pino({ level }, openLogFile(join(globals.runRoot, 'owner.log')))
    : pino({ level }, standardError())
  process.on('uncaughtExceptionMonitor', (error) => logger.fatal({ err: error }, 'the owner broke'))
  try {
    await own(globals, options, logger)
  } catch (error) {
    if (!background) throw error
    // The log is that of the owner who was first.
    if (!(error instanceof RootOwnedError)) logger.error({ err: error }, 'the owner ends')
    tellStarter(error)
  }
}

async function own(globals: Globals, options: ServeOptions, logger: Logger): Promise<void> {
  const { root, runRoot, runtime, conmon, criu, creation } = globals
  const { background, idleTimeout: seconds, retention } = options
  // An owner that a verb has brought up is no start of a service.
  const restartStopped = background ? 'never' : 'always'
  const engine = await openEngine({
    ...{ root, runRoot, runtime, conmon, criu, ...creation, logger },
    restartStopped,
    retention,
  })
  try {
    // Before anybody hears that it answers, so that no signal finds the door open.
    const ending = new Ending()
    const inspector = await inspectorOf(engine, options, logger)
    const besides = inspector === undefined ? [] : [inspector.server]
    const idle = seconds === 0 ? undefined : { seconds, onIdle: () => ending.because('idle'), besides }
    try {
      const server = await serveOwner(engine, { logger, idle })
      try {
        announce(engine, server, background)
        if (inspector !== undefined) note(`runchart: inspector at ${inspector.url}`)
        logger.info({ reason: await ending.reason }, 'the owner leaves')
      } finally {
        await closeOwner(engine, server)
      }
    } finally {
      await inspector?.close()
    }
  } finally {
    await engine.close()
  }
}

/** Only whoever wants the page loads what it needs. */
async function inspectorOf(
  engine: Engine,
  { inspectorPort: port }: ServeOptions,
  logger: Logger,
): Promise<InspectorServer | undefined> {
  if (port === undefined) return undefined
  const { serveInspector } = await import('../../inspector/serve.ts')
  return serveInspector(engine, { logger, port })
}

/** A terminal that has gone away, as at SIGHUP, takes no more logs; the owner is to get to its end all the same. */
function standardError(): DestinationStream {
  return pino.destination({ fd: 2, sync: true }).on('error', () => {})
}

function announce(engine: Engine, server: OwnerServer, background: boolean): void {
  if (background) tellStarter()
  else note(`runchart: process ${process.pid} owns ${engine.root} and answers on ${server.socketPath}`)
}

const ENDING = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Why the owner is to leave: the first reason counts. */
class Ending {
  readonly reason: Promise<string>
  because: (reason: string) => void = () => {}

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>()
    this.reason = promise
    this.because = (reason) => {
      // A second signal, whichever it is, ends an owner that does not get to its end.
      for (const signal of ENDING) process.off(signal, this.because)
      resolve(reason)
    }
    for (const signal of ENDING) process.on(signal, this.because)
  }
}
