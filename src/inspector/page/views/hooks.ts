import { useEffect, useState } from 'preact/hooks'
import type { Connection } from '../feed/feed.ts'
import type { Page } from '../model/page.ts'
import { parseRoute, type Route } from '../model/route.ts'

/** Draws a view again with each frame in which something has changed. */
export function useFrames(page: Page): void {
  const [, draw] = useState(0)
  useEffect(() => page.draws(() => draw((count) => count + 1)), [page])
}

/** How things are with the owner. */
export function useConnection(page: Page): Connection {
  const [connection, follow] = useState(page.connection)
  useEffect(() => page.draws(() => follow(page.connection)), [page])
  return connection
}

/** What the address asks for. */
export function useRoute(): Route {
  const [hash, follow] = useState(location.hash)
  useEffect(() => {
    const changed = (): void => follow(location.hash)
    addEventListener('hashchange', changed)
    return () => removeEventListener('hashchange', changed)
  }, [])
  return parseRoute(hash)
}
