import { quote } from '../../../effects/quote.ts'
import { InvalidInputError } from '../../errors.ts'

/** When `always` starts what the user has stopped, as an engine opens. */
export type RestartStopped = 'after-boot' | 'always' | 'never'

/** The present boot of the machine. */
export interface Boot {
  id: string
  /** Whether what was last true in that boot is past a restart now: of the machine, or of the engine's service. */
  isAfter(bootId: string): boolean
}

/** @throws InvalidInputError */
export function presentBoot(id: string, when: RestartStopped = 'after-boot'): Boot {
  switch (when) {
    case 'after-boot':
      return { id, isAfter: (bootId) => bootId !== id }
    case 'always':
      return { id, isAfter: () => true }
    case 'never':
      return { id, isAfter: () => false }
  }
  throw new InvalidInputError(`invalid restartStopped ${quote(when)}`, {
    hint: 'give after-boot, always or never',
  })
}
