import { quote } from '../../../effects/quote.ts'
import type { ContainerCommand, ContainerContext, Exit } from '../../../machines/index.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Askers, ContainerRow } from '../../store/records.ts'
import type { ContainerState } from '../../types.ts'

const MAX_LENGTH = 256

/**
 * Makes sure of the words of who asks.
 *
 * @throws InvalidInputError
 */
export function validAsker(by: string | undefined): void {
  if (by === undefined) return
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what it is not to have
  const isLine = typeof by === 'string' && /^[^\x00-\x1f\x7f]+$/.test(by) && by.length <= MAX_LENGTH
  if (isLine) return
  throw new InvalidInputError(`invalid name ${quote(by)} of who asks`, {
    hint: `give one line of 1 to ${MAX_LENGTH} characters`,
  })
}

/** The row of a container once a command was asked for by somebody. The first to ask for its end is the one who did. */
export function withAsker(row: ContainerRow, command: ContainerCommand, by: string): ContainerRow {
  const askers = addAsker(row.facts.askers ?? {}, command, by)
  return { ...row, facts: { ...row.facts, askers } }
}

function addAsker(askers: Askers, command: ContainerCommand, by: string): Askers {
  if (command.type === 'stop') return { ...askers, stop: askers.stop ?? by }
  if (command.type === 'remove') return { ...askers, remove: askers.remove ?? by }
  if (command.type === 'kill') return { ...askers, signals: { ...askers.signals, [command.signal]: by } }
  return askers
}

/** Who has asked for the end of the chart's run, of those that the row has. A stop that failed is no longer asked for. */
export function askersOf(
  { generation, facts: { askers } }: ContainerRow,
  context: ContainerContext,
): Askers | undefined {
  if (askers === undefined || context.generation !== generation) return undefined
  if (context.exit !== undefined || context.stop !== undefined || context.removeAsked) return askers
  return askers.signals && { signals: askers.signals }
}

/** Who asked for an exit that was asked for. */
export function askerOfExit(askers: Askers | undefined, { cause, code }: Exit): string | null {
  if (cause === 'stopped-by-user') return askers?.stop ?? askers?.remove ?? null
  if (cause === 'signalled') return askers?.signals?.[code - 128] ?? null
  return null
}

/** Who asked for a transition to that state. */
export function askerOfState(askers: Askers | undefined, to: ContainerState): string | undefined {
  if (to === 'stopping') return askers?.stop ?? askers?.remove
  return to === 'removing' ? askers?.remove : undefined
}
