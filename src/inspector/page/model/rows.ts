import type { ContainerInfo } from '../../../types.ts'

/** What the table can be sorted by. */
export const COLUMNS = {
  name: 'Name',
  state: 'State',
  age: 'Age',
  exit: 'Exit',
  restarts: 'Restarts',
  run: 'Run',
} as const

/** One of {@link COLUMNS}. */
export type Column = keyof typeof COLUMNS

/** Which containers are listed, and in which order. */
export interface Listing {
  /** Letters that are in the name, the id, the command or a label. */
  text: string
  /** '' for every state. */
  state: string
  column: Column
  isDescending: boolean
}

/** As the table is at first. */
export const WHOLE: Listing = { text: '', state: '', column: 'age', isDescending: true }

type Key = string | number

const KEYS: Record<Column, (container: ContainerInfo) => Key> = {
  name: ({ name }) => name,
  state: ({ state }) => state,
  // The youngest has the least age.
  age: ({ createdAt }) => -Date.parse(createdAt),
  exit: ({ exitCode }) => exitCode ?? Number.NEGATIVE_INFINITY,
  restarts: ({ restarts }) => restarts,
  run: ({ generation }) => generation,
}

/** The ids of those that are listed, in order. Those that are alike are in the order in which they came. */
export function listed(containers: Iterable<ContainerInfo>, listing: Listing): string[] {
  const keyOf = KEYS[listing.column]
  const found: { id: string; key: Key }[] = []
  for (const container of containers) {
    if (isListed(container, listing)) found.push({ id: container.id, key: keyOf(container) })
  }
  const sign = listing.isDescending ? -1 : 1
  found.sort((a, b) => (a.key < b.key ? -sign : a.key > b.key ? sign : 0))
  return found.map(({ id }) => id)
}

function isListed(container: ContainerInfo, { text, state }: Listing): boolean {
  if (state !== '' && container.state !== state) return false
  const wanted = text.trim().toLowerCase()
  if (wanted === '') return true
  const { id, name, command, labels } = container
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`)
  return [name, id, command.join(' '), ...pairs].some((one) => one.toLowerCase().includes(wanted))
}

/** How the next click on a column's head sorts. */
export function sortedBy(listing: Listing, column: Column): Listing {
  const isSame = listing.column === column
  return { ...listing, column, isDescending: isSame && !listing.isDescending }
}
