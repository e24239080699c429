import { EngineClosedError, IllegalTransitionError, RemovedError } from '../../errors.ts'
import type { ContainerRow } from '../../store/records.ts'
import type { Change, Supervisor } from '../supervisor.ts'
import * as verbs from '../verbs.ts'

/**
 * Has a container that was created to be removed go by itself, once its run is over and nobody reads its log. It is
 * a setting of the container, so whichever engine sees the exit does it.
 */
export function watchAutoRemoval(supervisor: Supervisor): void {
  if (supervisor.settings.autoRemove !== true) return
  supervisor.listen((change) => {
    if (change !== 'closed' && isOver(change)) void removeByItself(supervisor)
  })
}

/** The same for what an earlier engine left: it may have died before it came to that. */
export function resumeAutoRemoval(supervisor: Supervisor): void {
  const { settings, row } = supervisor
  if (settings.autoRemove !== true || isForRestore(row)) return
  // One that is only configured was never made, or not to the end.
  if (row.state === 'exited' || row.state === 'configured') void removeByItself(supervisor)
}

function isOver({ from, to, row }: Change): boolean {
  if (to === 'stopped') return !isForRestore(row)
  return to === 'configured' && from === 'reconciling'
}

/** The processes of a checkpoint are to be brought back. */
const isForRestore = ({ facts }: ContainerRow): boolean => facts.exit?.cause === 'checkpointed'

/** Never rejects. */
async function removeByItself(supervisor: Supervisor): Promise<void> {
  if (!supervisor.readers.none) await supervisor.readers.gone()
  try {
    await verbs.remove(supervisor, false)
  } catch (error) {
    // Closed: the next engine does it. Refused: it was started once more, and its next exit is seen too.
    const isMoot = [EngineClosedError, RemovedError, IllegalTransitionError].some(
      (type) => error instanceof type,
    )
    if (!isMoot) supervisor.logger.warn({ err: error }, 'a container was not removed after its exit')
  }
}
