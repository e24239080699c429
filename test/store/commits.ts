import type { Commit, ContainerRow } from '../../src/store/records.ts'
import type { ContainerState } from '../../src/types.ts'

const SETTINGS = { runtime: '/usr/sbin/runc', command: ['true'], stopSignal: 15, stopTimeout: 10 }
export const SPEC = { ociVersion: '1.0.2', process: { args: ['true'], cwd: '/' }, root: { path: '/rootfs' } }

/** A row as the engine would write it. */
export const row = (id: string, state: ContainerState = 'configured'): ContainerRow => ({
  id,
  name: `name-${id}`,
  createdAt: '2026-01-01T00:00:00.000Z',
  settings: SETTINGS,
  state,
  generation: 1,
  facts: { process: null, monitor: null, startedAt: null, stop: null, exit: null, error: null },
})

const at = '2026-01-01T00:00:00.000Z'

/** The first commit of a container. */
export const introduction = (id: string): Commit => ({
  row: row(id),
  spec: SPEC,
  event: {
    type: 'state',
    at,
    containerId: id,
    name: `name-${id}`,
    generation: 0,
    from: null,
    to: 'configured',
  },
})

/** A later one. */
export const transition = (id: string, from: ContainerState, to: ContainerState): Commit => ({
  row: row(id, to),
  event: { type: 'state', at, containerId: id, name: `name-${id}`, generation: 1, from, to },
})

/** An event that is of no container. */
export const watchEvent = (type: 'watch.degraded' | 'watch.restored'): Commit => {
  const nobody = { containerId: null, name: null, generation: null }
  return {
    event: type === 'watch.restored' ? { type, at, ...nobody } : { type, at, ...nobody, reason: 'why' },
  }
}
