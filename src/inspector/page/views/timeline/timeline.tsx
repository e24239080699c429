import { useEffect, useRef, useState } from 'preact/hooks'
import type { Page } from '../../model/page.ts'
import { containerHash } from '../../model/route.ts'
import { Recent } from './recent.tsx'
import { TimelineScreen } from './screen.ts'

/** What the containers did: a lane for each, drawn on a canvas, and the last of it in words. */
export function Timeline({ page }: { page: Page }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const screen = useRef<TimelineScreen>(undefined)
  const [isLive, live] = useState(true)
  const [pointed, point] = useState('')
  useEffect(() => {
    if (canvas.current === null) return
    const made = new TimelineScreen(canvas.current, page.fleet, {
      live,
      point,
      open: (id) => {
        location.hash = containerHash(id)
      },
    })
    screen.current = made
    return () => made.close()
  }, [page])
  const press = (key: string) => () => screen.current?.press(key)
  return (
    <section class="timeline" aria-label="Timeline">
      <div class="tools" role="group" aria-label="Timeline controls">
        <button type="button" aria-pressed={isLive} onClick={press('End')}>
          Live
        </button>
        <button type="button" onClick={press('Home')}>
          All
        </button>
        <button type="button" aria-label="Earlier" onClick={press('ArrowLeft')}>
          ←
        </button>
        <button type="button" aria-label="Later" onClick={press('ArrowRight')}>
          →
        </button>
        <button type="button" aria-label="Zoom in" onClick={press('+')}>
          +
        </button>
        <button type="button" aria-label="Zoom out" onClick={press('-')}>
          −
        </button>
      </div>
      <canvas
        ref={canvas}
        tabIndex={0}
        role="img"
        aria-label="A lane for each container, its states over time. Arrow keys move, plus and minus zoom, End follows. The last transitions are listed below."
      />
      <p class="quiet pointed">{pointed === '' ? LEGEND : pointed}</p>
      <Recent page={page} />
    </section>
  )
}

const LEGEND =
  'Thick: running. Half: paused. Thin: not started, or exited. ● exit code 0, ◆ fault or another exit code.'
