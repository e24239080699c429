import type { Page } from '../model/page.ts'
import { Chart } from './chart.tsx'
import { ContainerView } from './container/container.tsx'
import { useConnection, useFrames, useRoute } from './hooks.ts'
import { States } from './states.tsx'
import { Table } from './table.tsx'
import { Timeline } from './timeline/timeline.tsx'

const WORDS = {
  connecting: 'connecting …',
  live: 'live',
  reconnecting: 'reconnecting …',
  locked: 'locked',
} as const

/** The whole page. */
export function App({ page }: { page: Page }) {
  const route = useRoute()
  const connection = useConnection(page)
  if (connection === 'locked') return <Locked />
  return (
    <>
      <header>
        <h1>runchart</h1>
        <nav aria-label="Views">
          <a href="#/" aria-current={route.view === 'containers' ? 'page' : undefined}>
            Containers
          </a>
          <a href="#/timeline" aria-current={route.view === 'timeline' ? 'page' : undefined}>
            Timeline
          </a>
        </nav>
        <Status page={page} />
      </header>
      <main>
        {route.view === 'timeline' && <Timeline page={page} />}
        {route.view === 'container' && <ContainerView key={route.id} page={page} id={route.id} />}
        {route.view === 'containers' && (
          <div class="overview">
            <section aria-label="States" class="chart-side">
              <States page={page} state={route.state} />
              <Chart page={page} active={undefined} />
            </section>
            <section aria-label="Containers" class="table-side">
              <Table key={route.state} page={page} state={route.state} />
            </section>
          </div>
        )}
      </main>
    </>
  )
}

function Status({ page }: { page: Page }) {
  useFrames(page)
  const { connection, fleet } = page
  return (
    <p class={`status ${connection}`}>
      <span role="status">{WORDS[connection]}</span>
      <span class="quiet" data-seq={fleet.seq} data-taken={fleet.taken}>
        {fleet.containers.size.toLocaleString('en')} containers, event {fleet.seq.toLocaleString('en')}
      </span>
    </p>
  )
}

function Locked() {
  return (
    <main class="locked">
      <h1>runchart</h1>
      <p role="alert">
        This page needs the token of the owner that serves it. Open the address that{' '}
        <code>runchart serve --inspect</code> has printed.
      </p>
    </main>
  )
}
