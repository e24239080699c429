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
  const found = KINDS.find(([, texts]) => texts.some((text) => text.test(stderrAndLog)))
  return found?.[0] ?? 'other'
}

/**
 * The last message in a runtime's log or standard error: errors before warnings, whether written as JSON lines,
 * as logrus text or plainly; undefined where there is none.
 */
export function lastMessage(text: string): string | undefined {
  const messages = text.split('\n').map(readMessage)
  const last = messages.findLast((message) => message?.grave) ?? messages.findLast((message) => message)
  return last?.text.slice(0, MAX_MESSAGE).replace(REPEATED, '')
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

const MAX_MESSAGE = 8192
/** runc begins with its own name and verb, which our messages begin with too. */
const REPEATED = /^runc \w+ failed: /

interface Message {
  text: string
  /** An error, or of unknown weight. */
  grave: boolean
}

function readMessage(line: string): Message | undefined {
  const text = line.trim()
  if (text === '') return undefined
  return readJson(text) ?? readLogrus(text) ?? { text, grave: true }
}

function readJson(line: string): Message | undefined {
  if (!line.startsWith('{')) return undefined
  try {
    const { msg, level } = JSON.parse(line) as { msg?: unknown; level?: unknown }
    return typeof msg === 'string' ? { text: msg, grave: isGrave(level) } : undefined
  } catch {
    return undefined
  }
}

function readLogrus(line: string): Message | undefined {
  const match = /^time="[^"]*" level=(\w+) msg="((?:[^"\\]|\\.)*)"/.exec(line)
  if (match === null) return undefined
  const [, level, quoted = ''] = match
  return { text: quoted.replace(/\\(["\\])/g, '$1'), grave: isGrave(level) }
}

function isGrave(level: unknown): boolean {
  return level === undefined || level === 'error' || level === 'fatal' || level === 'panic'
}
