import { join } from 'node:path'
import type { Bench } from '../bench.ts'
import { ctr } from './ctr.ts'
import { docker } from './docker.ts'
import { missingPrograms, type OpenPeer, type Peer, type PeerPlace } from './peer.ts'
import { podman } from './podman.ts'
import { runtimeRun } from './runtime-run.ts'

/** ctr and docker use runc whatever the others do. */
const peersBeside = (runtime: string): Peer[] => [
  ...[runtimeRun(runtime), podman(runtime)],
  ...(runtime === 'runc' ? [ctr, docker] : []),
]

/** Those peers that are there; all are gone when it is disposed of. */
export interface OpenPeers extends AsyncDisposable {
  readonly open: ReadonlyMap<string, OpenPeer>
  /** Why the others are not. */
  readonly notes: readonly string[]
}

/** Opens every peer that is installed and that runs one container; `wanted` names fewer. None is needed. */
export async function openPeers(
  bench: Bench,
  place: PeerPlace,
  wanted?: readonly string[],
): Promise<OpenPeers> {
  const open = new Map<string, OpenPeer>()
  const notes: string[] = []
  const stack = new AsyncDisposableStack()
  for (const peer of peersBeside(bench.runtime).filter(({ name }) => wanted?.includes(name) ?? true)) {
    const missing = missingPrograms(peer)
    if (missing.length > 0) {
      notes.push(`${peer.name} was left out: ${missing.join(', ')} not installed.`)
      continue
    }
    bench.progress(`opening ${peer.name}`)
    const opened = stack.use(
      await peer.open({ ...place, path: join(place.path, peer.name.replace(' ', '-')) }),
    )
    try {
      await opened.life()
      open.set(peer.name, opened)
    } catch (error) {
      const [reason] = String(error).split('\n').slice(-1)
      notes.push(`${peer.name} was left out, since it cannot run a container here: ${reason}`)
    }
  }
  return { open, notes, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}
