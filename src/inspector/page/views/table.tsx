import { useEffect, useRef, useState } from 'preact/hooks'
import type { ContainerInfo } from '../../../types.ts'
import type { Page } from '../model/page.ts'
import { containerHash } from '../model/route.ts'
import { COLUMNS, type Column, type Listing, listed, sortedBy, WHOLE } from '../model/rows.ts'
import { duration, shortId } from '../model/words.ts'
import { useFrames } from './hooks.ts'
import { State } from './state.tsx'

const ROW_HEIGHT = 36
/** Rows beyond those that are seen, so that none is missing while it scrolls. */
const MARGIN = 6
/** Milliseconds between two times that everything is sorted: rows that jump cannot be read. */
const SORT_EVERY = 300

/** The containers, of which only the rows that are seen are in the page. */
export function Table({ page, state }: { page: Page; state: string }) {
  const [listing, list] = useState<Listing>({ ...WHOLE, state })
  const [active, activate] = useState(0)
  const viewport = useRef<HTMLDivElement>(null)
  const ids = useIndex(page, listing)
  const [{ top, height }, measure] = useState({ top: 0, height: 600 })
  useEffect(() => {
    const element = viewport.current
    if (element === null) return
    const observer = new ResizeObserver(() => measure((old) => ({ ...old, height: element.clientHeight })))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const first = Math.max(0, Math.floor(top / ROW_HEIGHT) - MARGIN)
  const seen = ids.slice(first, Math.ceil((top + height) / ROW_HEIGHT) + MARGIN)
  const go = (to: number): void => {
    const next = Math.min(ids.length - 1, Math.max(0, to))
    activate(next)
    showRow(viewport.current, next)
  }
  const pressed = (event: KeyboardEvent): void => {
    if (event.target !== viewport.current) return
    const rows = Math.floor(height / ROW_HEIGHT) - 1
    const target = keyTarget(event.key, active, rows, ids.length)
    if (target !== undefined) go(target)
    else if (event.key === 'Enter' && ids[active] !== undefined) location.hash = containerHash(ids[active])
    else return
    event.preventDefault()
  }
  return (
    <>
      <div class="filters">
        <label>
          Filter
          <input
            type="search"
            value={listing.text}
            placeholder="name, id, command, label=value"
            onInput={({ currentTarget: { value } }) => list({ ...listing, text: value })}
          />
        </label>
        <p class="quiet" aria-live="off">
          {ids.length.toLocaleString('en')} {state === '' ? 'containers' : `in ${state}`}
        </p>
      </div>
      <div
        class="table"
        role="grid"
        aria-label="Containers"
        aria-rowcount={ids.length + 1}
        aria-activedescendant={`row-${active}`}
        ref={viewport}
        tabIndex={0}
        onKeyDown={pressed}
        onScroll={({ currentTarget: { scrollTop } }) => measure((old) => ({ ...old, top: scrollTop }))}
      >
        <Head listing={listing} list={list} />
        <div role="rowgroup" class="rows" style={{ height: `${ids.length * ROW_HEIGHT}px` }}>
          {seen.map((id, index) => {
            const container = page.fleet.containers.get(id)
            const at = first + index
            return container && <Row key={id} container={container} at={at} isActive={at === active} />
          })}
        </div>
      </div>
    </>
  )
}

/** The ids in their order: sorted anew at once where the listing is another one, and else now and then. */
function useIndex(page: Page, listing: Listing): readonly string[] {
  useFrames(page)
  const index = useRef({ ids: [] as string[], version: -1, at: 0, listing, isWaiting: false })
  const { current } = index
  const now = performance.now()
  const isStale = current.version !== page.fleet.version
  if (current.listing !== listing || (isStale && now - current.at >= SORT_EVERY)) {
    const ids = listed(page.fleet.containers.values(), listing)
    Object.assign(current, { ids, version: page.fleet.version, at: now, listing })
  } else if (isStale && !current.isWaiting) {
    current.isWaiting = true
    setTimeout(() => {
      current.isWaiting = false
      page.changed()
    }, SORT_EVERY)
  }
  return current.ids
}

function Head({ listing, list }: { listing: Listing; list: (listing: Listing) => void }) {
  return (
    <div role="rowgroup" class="head">
      <div role="row" class="row" aria-rowindex={1}>
        {(Object.entries(COLUMNS) as [Column, string][]).map(([column, label]) => {
          const isSorted = listing.column === column
          const order = listing.isDescending ? 'descending' : 'ascending'
          return (
            <div role="columnheader" class={column} key={column} aria-sort={isSorted ? order : 'none'}>
              <button type="button" onClick={() => list(sortedBy(listing, column))}>
                {label} <span aria-hidden="true">{isSorted ? (listing.isDescending ? '↓' : '↑') : ''}</span>
              </button>
            </div>
          )
        })}
      </div>
    </div>
  )
}

function Row({ container, at, isActive }: { container: ContainerInfo; at: number; isActive: boolean }) {
  const { id, name, state, createdAt, exitCode, exit, restarts, generation, health } = container
  return (
    <div
      role="row"
      id={`row-${at}`}
      class={isActive ? 'row active' : 'row'}
      aria-rowindex={at + 2}
      style={{ transform: `translateY(${at * ROW_HEIGHT}px)` }}
    >
      <div role="gridcell" class="name">
        <a href={containerHash(id)} title={id}>
          {name}
        </a>
        {name !== shortId(id) && <span class="quiet id">{shortId(id)}</span>}
      </div>
      <div role="gridcell" class="state">
        <State state={state} />
        {health !== null && <span class="quiet"> {health.status}</span>}
      </div>
      <div role="gridcell" class="age">
        {duration(Date.now() - Date.parse(createdAt))}
      </div>
      <div role="gridcell" class={exitCode === null || exitCode === 0 ? 'exit' : 'exit fault'}>
        {exitCode === null ? '' : `${exitCode}${exit?.oomKilled === true ? ' oom' : ''}`}
      </div>
      <div role="gridcell" class="restarts">
        {restarts}
      </div>
      <div role="gridcell" class="run">
        {generation}
      </div>
    </div>
  )
}

function keyTarget(key: string, active: number, rows: number, count: number): number | undefined {
  switch (key) {
    case 'ArrowDown':
      return active + 1
    case 'ArrowUp':
      return active - 1
    case 'PageDown':
      return active + rows
    case 'PageUp':
      return active - rows
    case 'Home':
      return 0
    case 'End':
      return count - 1
    default:
      return undefined
  }
}

/** The head covers the first row's height. */
function showRow(viewport: HTMLDivElement | null, at: number): void {
  if (viewport === null) return
  const { scrollTop, clientHeight } = viewport
  const [top, bottom] = [at * ROW_HEIGHT, (at + 2) * ROW_HEIGHT]
  if (top < scrollTop) viewport.scrollTop = top
  else if (bottom > scrollTop + clientHeight) viewport.scrollTop = bottom - clientHeight
}
