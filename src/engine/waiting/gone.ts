import { quote } from '../../../effects/quote.ts'
import { NotFoundError, RemovedError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'
import type { ExitRecord, WaitCondition, WaitOptions, WaitResults } from '../../types.ts'
import { validWait } from './wait.ts'

type Answers = { [For in WaitCondition]: WaitResults[For] | undefined }

/**
 * The answer to a wait for a container that is not there, from what is on record of one.
 *
 * @throws NotFoundError where nothing is, RemovedError where what was waited for did not come and will not
 */
export function answerOfGone<For extends WaitCondition>(
  store: Store,
  idOrName: string,
  options: WaitOptions<For>,
): WaitResults[For] {
  const { condition, generation } = validWait(options)
  const last = store.exitRecord(idOrName)
  if (last === undefined) {
    throw new NotFoundError(`no container, and no exit on record, has the id or name ${quote(idOrName)}`, {
      hint: 'list them all with ps -a',
    })
  }
  const answer = answers(store, last, generation)[condition]
  if (answer !== undefined) return answer
  throw new RemovedError(`container ${last.name} was removed after its run ${last.generation}`, {
    containerId: last.containerId,
    hint: 'look at its last exit record',
  })
}

const answers = (store: Store, last: ExitRecord, generation: number | undefined): Answers => ({
  running: undefined,
  healthy: undefined,
  exit: generation === undefined ? last : store.exitRecord(last.containerId, generation),
  'next-exit': generation === undefined ? undefined : store.exitAfter(last.containerId, generation),
  removed: last,
})
