/**
 * A replica keeper: keeps so many containers of a thing alive, and rolls a new version of it, one replica at a time:
 * start the new one, wait until it is healthy, stop the old one. What ends is started again by its restart policy;
 * what is unhealthy, stopped or removed by somebody is replaced. Nothing is polled: the set of containers is a signal.
 */
import { once } from 'node:events'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Container, ContainerInfo, CreateOptions, Engine } from '../../src/index.ts'
import { openEngine } from '../../src/index.ts'

/** What is to be there: so many replicas (0 ends them all) of a version, all made of the same. */
export interface Wish {
  version: string
  replicas: number
  container: CreateOptions
  /** Seconds until a new replica must be running, or healthy where it has a health check. */
  patience: number
}

/** Works as long as its engine is open. What it knows is in the containers: the next keeper goes on with them. */
export class ReplicaKeeper {
  readonly #engine: Engine
  readonly #app: string
  /** What replicas are made of, by key; undefined for one of a keeper before. */
  readonly #wanted = new Map<string, CreateOptions | undefined>()
  readonly #busy = new Set<string>()
  readonly #changes: { closed: boolean } | undefined

  constructor(engine: Engine, app: string) {
    this.#engine = engine
    this.#app = app
    for (const { key } of this.replicas) this.#wanted.set(key ?? '', undefined)
    this.#changes = engine.containers.subscribe(() => this.#settle())
  }

  get replicas(): readonly ContainerInfo[] {
    return this.#engine.containers.value.filter(({ key }) => key?.startsWith(`${this.#app}/`))
  }

  /**
   * Brings it about; resolves when no other replica is left. Where a new one does not come up in time, this rejects,
   * and it is taken away; old ones that are not replaced yet stay. One call at a time.
   */
  async keep({ version, replicas, container, patience }: Wish): Promise<void> {
    for (let slot = 0; slot < replicas; slot += 1) {
      const key = `${this.#app}/${slot}/${version}`
      const labels = { ...container.labels, version, slot: String(slot) }
      await this.#hold(key, () => this.#raise({ ...container, restart: 'always', key, labels }, patience))
      await this.#retire((other) => other.labels.slot === labels.slot && other.key !== key)
    }
    await this.#retire(({ labels }) => Number(labels.slot) >= replicas)
  }

  async #raise(options: CreateOptions, timeout: number): Promise<void> {
    const replica = await this.#start(options)
    await replica.wait({ for: options.healthCheck === undefined ? 'running' : 'healthy', timeout })
    this.#wanted.set(options.key ?? '', options)
  }

  async #retire(isOld: (replica: ContainerInfo) => boolean): Promise<void> {
    const old = this.replicas.filter(isOld)
    for (const { key } of old) this.#wanted.delete(key ?? '')
    this.#settle()
    await Promise.all(old.map(({ id }) => this.#engine.wait(id, { for: 'removed' })))
  }

  /** Whatever has changed, it looks at all of them, and begins what is to be done. */
  #settle(): void {
    if (this.#changes?.closed) return
    const present = new Map(this.replicas.map((replica) => [replica.key ?? '', replica]))
    for (const key of new Set([...present.keys(), ...this.#wanted.keys()])) {
      const [replica, options] = [present.get(key), this.#wanted.get(key)]
      const isFit = this.#wanted.has(key) && replica?.health?.status !== 'unhealthy'
      if (this.#busy.has(key)) continue
      if (replica !== undefined && !isFit) this.#mend(key, () => this.#end(replica))
      else if (options !== undefined && isDown(replica)) this.#mend(key, () => this.#start(options))
    }
  }

  /** What fails is tried again, but not at once. */
  #mend(key: string, work: () => Promise<unknown>): void {
    void this.#hold(key, () => work().catch((error) => delay(1_000, console.error(error))))
  }

  async #hold(key: string, work: () => Promise<unknown>): Promise<void> {
    this.#busy.add(key)
    await work()
      .finally(() => this.#busy.delete(key))
      .finally(() => this.#settle())
  }

  async #start(options: CreateOptions): Promise<Container> {
    const replica = await this.#engine.create(options)
    return replica.is('created', 'exited') ? await replica.start() : replica
  }

  async #end({ id, state }: ContainerInfo): Promise<void> {
    const replica = this.#engine.get(id)
    if (state !== 'configured') await replica.stop({ by: 'replica keeper' })
    await replica.remove()
  }
}

/** Whether its policy does not start it again by itself. */
const isDown = ({ state, restart }: Partial<ContainerInfo> = { state: 'exited' }): boolean =>
  (state === 'created' || state === 'exited') &&
  ['idle', 'stopped-by-user'].includes(restart?.state ?? 'idle')

/** `node docs/examples/replica-keeper.ts PLACE ROOTFS VERSION REPLICAS COMMAND…`, until SIGTERM; replicas live on. */
if (process.argv[1] === import.meta.filename) {
  const [place = '', rootfs = '', version = '', replicas = '', ...command] = process.argv.slice(2)
  const ended = once(process, 'SIGTERM')
  await using engine = await openEngine({ root: resolve(place, 'root'), runRoot: resolve(place, 'run') })
  const [keeper, container] = [new ReplicaKeeper(engine, 'app'), { rootfs: resolve(rootfs), command }]
  await keeper.keep({ version, replicas: Number(replicas), container, patience: 60 })
  console.log(`${keeper.replicas.length} replicas of ${version}`)
  await ended
}
