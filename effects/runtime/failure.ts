import { statfsSync } from 'node:fs'
import type { RuntimeFailure } from '../errors.ts'

/**
 * What runc (1.1 to 1.3) and crun (1.8 to 1.2x) say, most telling first. A file that is missing elsewhere, such as
 * a mount's source, is no fault of the command: the texts are matched with what surrounds them.
 */
const KINDS: readonly (readonly [RuntimeFailure, readonly RegExp[]])[] = [
  [
    'command-not-found',
    [
      /executable file .*not found in \$PATH/i,
      /\bexec:? "?[^"\n]*"?: (?:stat [^:\n]*: )?(?:no such file or directory|not a directory)/i,
      /open executable: (?:no such file or directory|not a directory)/i,
    ],
  ],
  [
    'command-not-executable',
    [
      /\bexec:? "?[^"\n]*"?: (?:stat [^:\n]*: )?(?:permission denied|is a directory|exec format error)/i,
      /open executable: (?:permission denied|operation not permitted|is a directory)/i,
      /executable .*(?:permission denied|not executable)/i,
      /exec format error/i,
    ],
  ],
  [
    'not-found',
    [
      /container [^\n]*does not exist/i,
      /error opening file [`'"][^\n]*\/status[`'"]: no such file/i,
      /cannot open directory [`'"][^\n]*[`'"]: no such file/i,
    ],
  ],
  [
    'not-running',
    [
      /container [^\n]*(?:is )?not running/i,
      /no such process/i,
      /process already finished/i,
      /container (?:is|that has) stopped/i,
      /container is not alive/i,
    ],
  ],
]

/** Tells from a runtime's own words, its standard error and its log together, why it failed. */
export function classifyFailure(stderrAndLog: string): RuntimeFailure {
  const said = withoutMiddle(stderrAndLog)
  const found = KINDS.find(([, texts]) => texts.some((text) => text.test(said)))
  return found?.[0] ?? 'other'
}

/** Longer texts are matched by their two ends. */
const MAX_MATCHED = 8192

/** A runtime says a command again that may be long, and written so that matching takes the square of its length. */
function withoutMiddle(text: string): string {
  if (text.length <= MAX_MATCHED) return text
  return `${text.slice(0, MAX_MATCHED / 2)}…${text.slice(-MAX_MATCHED / 2)}`
}

/**
 * The last message in a runtime's log or standard error, whether written as JSON lines, as logrus text or plainly;
 * undefined where there is none. An error that says so comes before what anybody else wrote there, and that before a
 * warning.
 */
export function lastMessage(text: string): string | undefined {
  const messages = text.split('\n').map(readMessage)
  const last = WEIGHTS.map((weight) => messages.findLast((message) => message?.weight === weight))
  return last
    .find((message) => message !== undefined)
    ?.text.slice(0, MAX_MESSAGE)
    .replace(REPEATED, '')
}

/** What to do where a runtime failed for want of room in `directory`, which it does not always say. */
export function hintForFullDisk(directory: string, words: string): string | undefined {
  if (!/no space left on device/i.test(words) && hasRoom(directory)) return undefined
  return `free space on the disk of ${directory}`
}

function hasRoom(directory: string): boolean {
  try {
    const { bavail, ffree, files } = statfsSync(directory)
    return bavail > 0 && (files === 0 || ffree > 0)
  } catch {
    return true
  }
}

/** Characters; the whole of it is in the error's `stderr`. */
const MAX_MESSAGE = 2048
/** runc begins with its own name and verb, which our messages begin with too. */
const REPEATED = /^runc \w+ failed: /

/** The gravest first. */
const WEIGHTS = ['error', 'unknown', 'less'] as const

interface Message {
  text: string
  weight: (typeof WEIGHTS)[number]
}

function readMessage(line: string): Message | undefined {
  const text = line.trim()
  if (text === '') return undefined
  return readJson(text) ?? readLogrus(text) ?? { text, weight: 'unknown' }
}

/** Whatever stands before it in the line is another's. */
function readJson(line: string): Message | undefined {
  const start = line.indexOf('{"')
  if (start < 0) return undefined
  try {
    const { msg, level } = JSON.parse(line.slice(start)) as { msg?: unknown; level?: unknown }
    return typeof msg === 'string' ? { text: msg, weight: weightOf(level) } : undefined
  } catch {
    return undefined
  }
}

function readLogrus(line: string): Message | undefined {
  const match = /time="[^"]*" level=(\w+) msg="((?:[^"\\]|\\.)*)"/.exec(line)
  if (match === null) return undefined
  const [, level, quoted = ''] = match
  return { text: quoted.replace(/\\(["\\])/g, '$1'), weight: weightOf(level) }
}

function weightOf(level: unknown): Message['weight'] {
  if (level === undefined) return 'unknown'
  return level === 'error' || level === 'fatal' || level === 'panic' ? 'error' : 'less'
}
