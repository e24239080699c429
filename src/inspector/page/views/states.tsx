import { CONTAINER_STATES } from '../../../container-states.ts'
import type { Page } from '../model/page.ts'
import { stateHash } from '../model/route.ts'
import { useFrames } from './hooks.ts'
import { State } from './state.tsx'

/** How many containers are in each state; each leads to the list of them. */
export function States({ page: { fleet }, page, state }: { page: Page; state: string }) {
  useFrames(page)
  const shown = CONTAINER_STATES.filter((one) => one === state || (fleet.counts.get(one) ?? 0) > 0)
  return (
    <ul class="states">
      <li>
        <a href={stateHash('')} aria-current={state === '' ? 'true' : undefined}>
          all <b>{fleet.containers.size.toLocaleString('en')}</b>
        </a>
      </li>
      {shown.map((one) => (
        <li key={one}>
          <a href={stateHash(one)} aria-current={state === one ? 'true' : undefined}>
            <State state={one} /> <b>{(fleet.counts.get(one) ?? 0).toLocaleString('en')}</b>
          </a>
        </li>
      ))}
    </ul>
  )
}
