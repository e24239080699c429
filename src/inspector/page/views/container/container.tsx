import { useEffect, useState } from 'preact/hooks'
import type { ContainerInfo } from '../../../../types.ts'
import { pastOf } from '../../feed/api.ts'
import type { Page } from '../../model/page.ts'
import { shortId } from '../../model/words.ts'
import { Chart } from '../chart.tsx'
import { useFrames } from '../hooks.ts'
import { State } from '../state.tsx'
import { Commands } from './commands.tsx'
import { ExitRecord } from './exit.tsx'
import { Log } from './log.tsx'
import { Transitions } from './transitions.tsx'

/** One container: what it is, what it did, and what it can be made to do. */
export function ContainerView({ page, id }: { page: Page; id: string }) {
  useFrames(page)
  // A container that is removed is still looked at.
  const [last, keep] = useState<ContainerInfo>()
  const present = page.fleet.containers.get(id)
  useEffect(() => {
    if (present !== undefined) keep(present)
  }, [present])
  useEffect(() => {
    // What there is without it is shown all the same.
    pastOf(id).then(
      (past) => {
        page.fleet.prepend(id, past)
        page.changed()
      },
      () => {},
    )
  }, [page, id])
  const container = present ?? last
  if (container === undefined) {
    return page.connection === 'live' ? <p role="alert">There is no container {shortId(id)}.</p> : <p>…</p>
  }
  const state = present?.state ?? 'removed'
  return (
    <article class="container" aria-labelledby="container-name">
      <header>
        <h2 id="container-name">{container.name}</h2>
        <p>
          <State state={state} />{' '}
          <span class="quiet">
            run {container.generation}
            {container.pid !== null && `, process ${container.pid}`}
            {container.restarts > 0 && `, restarted ${container.restarts} times`}
            {container.health !== null && `, ${container.health.status}`}
          </span>
        </p>
        <p class="quiet command">
          <code>{container.command.join(' ')}</code>
        </p>
        <Commands id={id} state={state} />
        {container.error !== null && present !== undefined && (
          <p role="alert" class="fault">
            {container.error.message}
            {container.error.hint !== undefined && <small> {container.error.hint}</small>}
          </p>
        )}
      </header>
      <section class="chart-side" aria-label="Chart">
        <Chart page={page} active={state} />
      </section>
      <section class="facts">
        <Transitions trace={page.fleet.traces.get(id)} />
        <ExitRecord exit={container.exit} />
        <Log id={id} generation={container.generation} isLive={page.connection === 'live'} />
      </section>
    </article>
  )
}
