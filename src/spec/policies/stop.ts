import { quote } from '../../../effects/quote.ts'
import type { StopStage as ChartStage, StopRequest } from '../../../machines/index.ts'
import { InvalidInputError } from '../../errors.ts'
import type { StopStage } from '../../types.ts'
import { toMilliseconds } from '../options.ts'
import { parseSignal } from '../signals.ts'

const MOST_STAGES = 16

/** How a container was created to be stopped. */
export interface StopSettings {
  /** Signal number. */
  stopSignal: number
  /** Seconds. */
  stopTimeout: number
  stopStages?: readonly ChartStage[] | undefined
}

/** How one call asks a container to end. */
export interface StopChoice {
  timeout?: number | undefined
  stages?: readonly StopStage[] | undefined
}

/**
 * What a stop does: what its caller says, else what the container was created with.
 *
 * @throws InvalidInputError
 */
export function stopRequest(settings: StopSettings, { timeout, stages }: StopChoice): StopRequest {
  if (timeout !== undefined && stages !== undefined) {
    throw new InvalidInputError('a stop has either a timeout or stages', {
      hint: 'the time of each stage is its grace',
    })
  }
  const { stopSignal, stopTimeout, stopStages } = settings
  const chosen =
    stages !== undefined ? readStopStages(stages) : timeout === undefined ? stopStages : undefined
  const [first, ...next] = chosen ?? []
  if (first !== undefined) return { ...first, next }
  return { signal: stopSignal, graceMs: toMilliseconds('stop timeout', timeout ?? stopTimeout) }
}

/** @throws InvalidInputError naming what is wrong */
export function readStopStages(stages: readonly StopStage[]): ChartStage[] {
  if (!Array.isArray(stages) || stages.length === 0 || stages.length > MOST_STAGES) {
    throw invalid(
      'stages of a stop',
      stages,
      `give a list of 1 to ${MOST_STAGES}, each a signal and its grace`,
    )
  }
  return stages.map((stage: StopStage) => {
    const { signal, grace } = stage ?? {}
    const graceMs = toMilliseconds('grace of a stage', grace)
    if (graceMs === 0)
      throw invalid('grace of a stage', grace, 'give a time above 0: SIGKILL follows the last')
    return { signal: parseSignal(signal), graceMs }
  })
}

function invalid(what: string, value: unknown, hint: string): InvalidInputError {
  return new InvalidInputError(`invalid ${what} ${quote(value)}`, { hint })
}
