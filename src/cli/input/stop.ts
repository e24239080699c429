import { InvalidArgumentError } from 'commander'
import type { StopStage } from '../../types.ts'

export const STOP_STAGE_HELP = 'a signal that stop sends, and its time; several in their order, then SIGKILL'

/** `SIGINT:5`, `2:0.5`; added to those before it. */
export function collectStage(text: string, before: StopStage[] = []): StopStage[] {
  const match = /^([^:]+):(\d+(?:\.\d+)?)$/.exec(text)
  if (match === null) throw new InvalidArgumentError('Give SIGNAL:SECONDS, such as SIGINT:5.')
  const [, signal = '', grace] = match
  return [...before, { signal, grace: Number(grace) }]
}
