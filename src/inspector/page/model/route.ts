/** What is looked at, as it stands behind the # of the address. */
export type Route =
  | { view: 'containers'; state: string }
  | { view: 'timeline' }
  | { view: 'container'; id: string }

/** Reads it; what is not known leads to the containers. */
export function parseRoute(hash: string): Route {
  const [view = '', rest = ''] = hash.replace(/^#\/?/, '').split('/')
  if (view === 'timeline') return { view }
  if (view === 'container' && rest !== '') return { view, id: decodeURIComponent(rest) }
  return { view: 'containers', state: view === 'containers' ? decodeURIComponent(rest) : '' }
}

/** The address of a container. */
export const containerHash = (id: string): string => `#/container/${encodeURIComponent(id)}`

/** The address of all containers in a state; of all where it is ''. */
export const stateHash = (state: string): string => (state === '' ? '#/' : `#/containers/${state}`)
