import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { RunchartError } from '../../../effects/errors.ts'
import type { ErrorReply } from '../../api/wire.ts'
import { OwnerError } from '../../client/errors.ts'
import { creationArgv } from '../input/creation.ts'
import type { Globals } from '../input/globals.ts'

/** The descriptor on which a background owner tells its starter that it answers, or why not. */
export const READY_FD = 3

/** What a background owner says, as one line of JSON. */
export type Readiness = { ready: true } | ErrorReply

/** Variables that an owner keeps of its starter's; none of them is a container's. */
const KEPT = /^(PATH|HOME|LANG|RUNCHART_.*|XDG_.*)$/

/**
 * Starts an owner in a session of its own, so that neither this terminal nor its Ctrl-C is its.
 * Resolves once it answers, or with the reason why it does not.
 */
export async function startInBackground(globals: Globals): Promise<RunchartError | undefined> {
  const child = spawn(process.execPath, backgroundArgv(process.argv[1] ?? '', globals), {
    cwd: '/',
    detached: true,
    env: backgroundEnv(process.env),
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal))
  })
  const line = await readAll(child.stdio[READY_FD] as Readable)
  child.unref()
  if (line === '') return silent(await ended)
  const answer = JSON.parse(line) as Readiness
  return 'error' in answer ? new OwnerError(answer) : undefined
}

/** The command line of a background owner. */
export function backgroundArgv(script: string, globals: Globals): string[] {
  const { root, runRoot, runtime, conmon, criu, creation } = globals
  return [
    script,
    ...['--root', root, '--run-root', runRoot],
    ...(runtime === undefined ? [] : ['--runtime', runtime]),
    ...(conmon === undefined ? [] : ['--conmon', conmon]),
    ...(criu === undefined ? [] : ['--criu', criu]),
    ...creationArgv(creation),
    ...['serve', '--background'],
  ]
}

/** The environment of a background owner. */
export function backgroundEnv(own: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(own).filter(([name]) => KEPT.test(name)))
}

async function readAll(stream: Readable): Promise<string> {
  let text = ''
  for await (const chunk of stream.setEncoding('utf8')) text += chunk
  return text
}

function silent(how: string): RunchartError {
  return new RunchartError('EOWNERSTART', `the owner ended before it answered (${how})`, {
    hint: '`runchart serve` runs it in the foreground and shows why',
  })
}
