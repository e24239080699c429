import type { Span } from '../../../../timeline/history.ts'
import type { Trace } from '../../model/fleet.ts'
import { duration, timeOfDay } from '../../model/words.ts'
import { State } from '../state.tsx'

const MOST = 30

/** The last states that a container was in, the newest first, each with how long. */
export function Transitions({ trace }: { trace: Trace | undefined }) {
  const spans = (trace?.lane.spans ?? []).slice(-MOST).reverse()
  return (
    <table>
      <caption>Last transitions</caption>
      <thead>
        <tr>
          <th scope="col">State</th>
          <th scope="col">Since (UTC)</th>
          <th scope="col">For</th>
          <th scope="col">Run</th>
        </tr>
      </thead>
      <tbody>
        {spans.map((span) => (
          <tr key={`${span.from} ${span.state}`}>
            <td>
              <State state={span.state} />
            </td>
            <td>{timeOfDay(span.from)}</td>
            <td>{lengthOf(span)}</td>
            <td>{span.generation}</td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function lengthOf({ from, to, isOpen }: Span): string {
  return isOpen ? `${duration(Date.now() - from)} …` : duration(to - from)
}
