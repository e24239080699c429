import { RunchartError } from '../errors.ts'

/** What was asked for has no counterpart in a simulated world. `ENOTSIMULATED` */
export class NotSimulatedError extends RunchartError {
  override readonly name = 'NotSimulatedError'
  constructor(message: string, facts?: { containerId?: string | undefined; hint?: string | undefined }) {
    super('ENOTSIMULATED', message, facts)
  }
}
