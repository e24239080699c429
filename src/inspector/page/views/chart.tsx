import { useEffect, useRef } from 'preact/hooks'
import { CONTAINER_STATES } from '../../../container-states.ts'
import { lookOf } from '../../../timeline/looks.ts'
import type { ContainerState } from '../../../types.ts'
import { chart } from '../feed/api.ts'
import type { Page } from '../model/page.ts'
import { stateHash } from '../model/route.ts'

const SVG = 'http://www.w3.org/2000/svg'

interface Props {
  page: Page
  /** The state to be lit; where undefined each state has the number of containers in it. */
  active: ContainerState | undefined
}

/** The chart that the engine runs, as it is drawn in the documentation. */
export function Chart({ page, active }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const drawn = useRef<DrawnState[]>([])
  useEffect(() => {
    const update = (): void => {
      for (const state of drawn.current) state.show(page.fleet.counts.get(state.name) ?? 0)
    }
    let isGone = false
    void chart().then((text) => {
      if (isGone || place.current === null) return
      // Its own styles are those of a picture by itself; a page may not have them in the text.
      place.current.innerHTML = text.replace(/<style>.*?<\/style>/s, '').replace('role="img"', 'role="group"')
      drawn.current = statesIn(place.current)
      light(drawn.current, active)
      if (active === undefined) update()
    })
    const end = active === undefined ? page.draws(update) : () => {}
    return () => {
      isGone = true
      end()
    }
  }, [page, active === undefined])
  useEffect(() => light(drawn.current, active), [active])
  return <div class="chart" ref={place} />
}

/** A state of the drawing. */
interface DrawnState {
  name: ContainerState
  element: SVGGElement
  show: (count: number) => void
}

function statesIn(place: HTMLElement): DrawnState[] {
  return CONTAINER_STATES.flatMap((name) => {
    const element = place.querySelector<SVGGElement>(`g.state[id="${name}"]`)
    if (element === null) return []
    element.classList.add(lookOf(name))
    const open = (): void => {
      location.hash = stateHash(name)
    }
    element.addEventListener('click', open)
    element.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter' || key === ' ') open()
    })
    element.setAttribute('tabindex', '0')
    element.setAttribute('role', 'link')
    element.setAttribute('aria-label', name)
    return [{ name, element, show: counter(name, element) }]
  })
}

/** Puts a number on a state, and changes it only where it is another one. */
function counter(name: string, element: SVGGElement): (count: number) => void {
  let shown: number | undefined
  let badge: SVGTextElement | undefined
  return (count) => {
    if (count === shown) return
    shown = count
    badge ??= addBadge(element)
    badge.textContent = count === 0 ? '' : count.toLocaleString('en')
    element.classList.toggle('occupied', count > 0)
    element.setAttribute('aria-label', `${name}: ${count === 1 ? '1 container' : `${count} containers`}`)
  }
}

function addBadge(element: SVGGElement): SVGTextElement {
  const { x, y, width } = element.getBBox()
  const badge = document.createElementNS(SVG, 'text')
  badge.setAttribute('class', 'count')
  badge.setAttribute('x', String(x + width))
  badge.setAttribute('y', String(y))
  element.append(badge)
  return badge
}

function light(states: readonly DrawnState[], active: ContainerState | undefined): void {
  for (const { name, element } of states) {
    element.classList.toggle('active', name === active)
    if (name === active) element.setAttribute('aria-current', 'true')
    else element.removeAttribute('aria-current')
  }
}
