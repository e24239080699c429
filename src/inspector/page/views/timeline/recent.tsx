import { useRef } from 'preact/hooks'
import type { StateEvent } from '../../../../types.ts'
import type { Page } from '../../model/page.ts'
import { containerHash } from '../../model/route.ts'
import { timeOfDay } from '../../model/words.ts'
import { useFrames } from '../hooks.ts'
import { State } from '../state.tsx'

/** Milliseconds: what changes with every frame cannot be read. */
const EVERY = 500

/** The last transitions of all containers, in words. */
export function Recent({ page }: { page: Page }) {
  useFrames(page)
  const shown = useRef({ at: 0, events: [] as readonly StateEvent[] })
  const now = performance.now()
  if (now - shown.current.at >= EVERY) shown.current = { at: now, events: page.fleet.recent.toReversed() }
  return (
    <table class="recent">
      <caption>Last transitions</caption>
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          <th scope="col">Container</th>
          <th scope="col">From</th>
          <th scope="col">To</th>
        </tr>
      </thead>
      <tbody>
        {shown.current.events.map(({ seq, at, containerId, name, from, to }) => (
          <tr key={seq}>
            <td>{timeOfDay(Date.parse(at))}</td>
            <td>
              <a href={containerHash(containerId)}>{name}</a>
            </td>
            <td>{from !== null && <State state={from} />}</td>
            <td>
              <State state={to} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
