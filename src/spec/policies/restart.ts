import { quote } from '../../../effects/quote.ts'
import type { BackOff, RestartPolicy, RestartPolicyName } from '../../../machines/index.ts'
import { InvalidInputError } from '../../errors.ts'
import type { BackOffOptions, CreateOptions, RestartOptions } from '../../types.ts'
import { toMilliseconds } from '../options.ts'

const NAMES: readonly string[] = [
  'no',
  'on-failure',
  'always',
  'unless-stopped',
] satisfies RestartPolicyName[]

/** Seconds where they are times. */
const DEFAULT_BACK_OFF = { initial: 0.1, factor: 2, cap: 60, jitter: 0.1, resetAfter: 10 }

/**
 * The policy that a container is created with; undefined where nothing starts it again.
 *
 * @throws InvalidInputError naming what is wrong
 */
export function readRestartPolicy({ restart, autoRemove }: CreateOptions): RestartPolicy | undefined {
  if (restart === undefined) return undefined
  const options = typeof restart === 'string' ? parse(restart) : restart
  const policy = validate(options, restart)
  if (policy.name === 'no') return undefined
  if (autoRemove !== true) return policy
  throw new InvalidInputError(
    `a container that is removed after its exit cannot be restarted: ${policy.name}`,
    {
      hint: 'leave out autoRemove (--rm), or the restart policy',
    },
  )
}

function parse(text: string): RestartOptions {
  const [, name, retries] = /^(on-failure):(\d{1,9})$/.exec(text) ?? [undefined, text, undefined]
  const policy = name as RestartPolicyName
  return retries === undefined ? { policy } : { policy, maxRetries: Number(retries) }
}

function validate(options: RestartOptions, given: unknown): RestartPolicy {
  const { policy: name, maxRetries, backOff = {} } = options ?? {}
  if (typeof name !== 'string' || !NAMES.includes(name)) {
    throw invalid('restart policy', given, `give ${NAMES.join(', ')}, or on-failure:N`)
  }
  if (maxRetries !== undefined && name !== 'on-failure') {
    throw invalid('limit of restarts', maxRetries, 'only on-failure has one')
  }
  if (maxRetries !== undefined && !(Number.isSafeInteger(maxRetries) && maxRetries >= 0)) {
    throw invalid('limit of restarts', maxRetries, 'give a whole number, or 0 for none')
  }
  return { name, backoff: readBackOff(backOff), ...(maxRetries !== undefined && { maxRetries }) }
}

function readBackOff(given: BackOffOptions): BackOff {
  const { initial, factor, cap, jitter, resetAfter } = { ...DEFAULT_BACK_OFF, ...defined(given) }
  if (!(Number.isFinite(factor) && factor >= 1))
    throw invalid('factor of a back-off', factor, 'give 1 or more')
  if (!(jitter >= 0 && jitter <= 1)) throw invalid('jitter of a back-off', jitter, 'give a part, from 0 to 1')
  const initialMs = toMilliseconds('first wait of a back-off', initial)
  const capMs = toMilliseconds('longest wait of a back-off', cap)
  if (capMs < initialMs) {
    throw invalid('longest wait of a back-off', cap, 'it cannot be shorter than the first one')
  }
  const resetAfterMs = toMilliseconds('time after which a run has lasted', resetAfter)
  return { initialMs, factor, capMs, jitter, resetAfterMs }
}

/** What is undefined was left out. */
function defined(given: BackOffOptions): Partial<typeof DEFAULT_BACK_OFF> {
  return Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined))
}

function invalid(what: string, value: unknown, hint: string): InvalidInputError {
  return new InvalidInputError(`invalid ${what} ${quote(value)}`, { hint })
}
