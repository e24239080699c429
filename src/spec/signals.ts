import { constants } from 'node:os'
import { quote } from '../../effects/quote.ts'
import { InvalidInputError } from '../errors.ts'

/** The first and last real-time signal a program may use; glibc keeps 32 and 33 for itself. */
const SIGRTMIN = 34
const SIGRTMAX = 64

const numbers: ReadonlyMap<string, number> = new Map(Object.entries(constants.signals))
const names: ReadonlyMap<number, string> = firstNames()

/** Some numbers have two names, such as SIGABRT and SIGIOT; the usual one is listed first. */
function firstNames(): Map<number, string> {
  const found = new Map<number, string>()
  for (const [name, number] of numbers) {
    if (!found.has(number)) found.set(number, name)
  }
  return found
}

/**
 * The number of a signal given as `SIGTERM`, `TERM`, `term`, `15`, `SIGRTMIN+3` or `RTMAX-1`.
 *
 * @throws InvalidInputError where there is no such signal
 */
export function parseSignal(input: string | number): number {
  const number = typeof input === 'number' ? input : fromText(input)
  if (number === undefined || signalName(number) === null) {
    throw new InvalidInputError(`unknown signal ${quote(input)}`, {
      hint: `a signal is a number from 1 to ${SIGRTMAX}, SIGRTMIN+n, SIGRTMAX-n, or one of ${[...names.values()].join(', ')}`,
    })
  }
  return number
}

/** A signal's name such as `SIGKILL` or `SIGRTMIN+3`; null where the number is no signal's. */
export function signalName(number: number): string | null {
  if (Number.isInteger(number) && number >= SIGRTMIN && number <= SIGRTMAX) {
    return number === SIGRTMIN
      ? 'SIGRTMIN'
      : number === SIGRTMAX
        ? 'SIGRTMAX'
        : `SIGRTMIN+${number - SIGRTMIN}`
  }
  return names.get(number) ?? null
}

function fromText(input: unknown): number | undefined {
  if (typeof input !== 'string') return undefined
  if (/^[1-9]\d?$/.test(input)) return Number(input)
  const upper = input.toUpperCase()
  const name = upper.startsWith('SIG') ? upper : `SIG${upper}`
  return numbers.get(name) ?? realTime(name)
}

function realTime(name: string): number | undefined {
  const match = /^SIGRT(?:MIN(?:\+(?<up>\d{1,2}))?|MAX(?:-(?<down>\d{1,2}))?)$/.exec(name)
  if (match === null) return undefined
  const { up, down } = match.groups ?? {}
  const number = name.startsWith('SIGRTMIN') ? SIGRTMIN + Number(up ?? 0) : SIGRTMAX - Number(down ?? 0)
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : undefined
}
