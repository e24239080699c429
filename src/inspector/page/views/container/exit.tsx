import type { ExitRecord as Exit } from '../../../../types.ts'
import { bytes, duration } from '../../model/words.ts'

/** How the last run ended. */
export function ExitRecord({ exit }: { exit: Exit | null }) {
  if (exit === null) return null
  const facts: [string, string | null][] = [
    ['Code', `${exit.code}${exit.signal === null ? '' : ` (${exit.signal})`}`],
    ['Cause', exit.oomKilled ? `${exit.cause}, out of memory` : exit.cause],
    ['Asked for by', exit.by],
    ['Started', exit.startedAt],
    ['Finished', exit.finishedAt],
    ['CPU', exit.cpuMs === null ? null : duration(exit.cpuMs)],
    ['Most memory', exit.memoryPeak === null ? null : bytes(exit.memoryPeak)],
  ]
  return (
    <section aria-label="Exit record">
      <h3>Exit of run {exit.generation}</h3>
      <dl>
        {facts.map(
          ([name, value]) =>
            value !== null && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ),
        )}
      </dl>
    </section>
  )
}
