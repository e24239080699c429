import { lookOf } from '../../../timeline/looks.ts'
import type { ContainerState } from '../../../types.ts'

/** Told apart by more than their colours. */
const SIGNS: Record<ReturnType<typeof lookOf>, string> = {
  running: '▶',
  paused: '‖',
  busy: '…',
  doubt: '?',
  waiting: '○',
  over: '■',
}

/** A state, as it looks everywhere on the page. */
export function State({ state }: { state: ContainerState }) {
  const look = lookOf(state)
  return (
    <span class={`state-name ${look}`}>
      <span aria-hidden="true">{SIGNS[look]}</span> {state}
    </span>
  )
}
