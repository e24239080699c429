import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type FSWatcher, mkdirSync, rmSync, unlinkSync, watch, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex } from 'node:stream'
import { findProgram } from '../../../effects/runtime/find.ts'
import type { Lap } from '../laps.ts'

/** As much of an OCI spec as is looked at here. */
interface Spec {
  process: { args: string[] }
  linux: { cgroupsPath?: string }
}

/** Where a floor lives, and what it runs. */
export interface FloorOptions {
  path: string
  runtime: string
  /** What each container is made from. */
  spec: Spec
}

const ENV = { PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin' }

/**
 * The bare floor: the least that has conmon and a runtime run a container and that hears of its exit. It keeps no state,
 * bounds nothing, and believes whatever it is told.
 */
export class Floor implements AsyncDisposable {
  readonly #path: string
  readonly #runtime: string
  readonly #spec: Spec
  readonly #watcher: FSWatcher
  readonly #exits = new Map<string, () => void>()
  readonly #alive = new Set<string>()

  constructor({ path, runtime, spec }: FloorOptions) {
    this.#path = path
    // conmon wants the path itself.
    this.#runtime = findProgram(runtime)
    this.#spec = spec
    for (const name of ['exits', 'runtime', 'bundles', 'sockets']) {
      mkdirSync(join(path, name), { recursive: true, mode: 0o700 })
    }
    this.#watcher = watch(join(path, 'exits'), (_, name) => this.#exits.get(name ?? '')?.())
  }

  /** A container of that command, which waits to be started. */
  async create(command = this.#spec.process.args): Promise<string> {
    const id = randomBytes(16).toString('hex')
    const bundle = this.#bundle(id)
    mkdirSync(bundle)
    const { process, linux } = this.#spec
    const cgroupsPath = linux.cgroupsPath === undefined ? {} : { cgroupsPath: `/runchart-floor-${id}` }
    const spec = {
      ...this.#spec,
      process: { ...process, args: command },
      linux: { ...linux, ...cgroupsPath },
    }
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(spec))
    this.#alive.add(id)
    const conmon = spawn('conmon', this.#conmonArgv(id), {
      cwd: bundle,
      detached: true,
      env: { ...ENV, _OCI_STARTPIPE: '3', _OCI_SYNCPIPE: '4' },
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    })
    const [start, sync] = [conmon.stdio[3], conmon.stdio[4]] as [Duplex, Duplex]
    start.end('x')
    const message = await firstLine(sync)
    sync.destroy()
    if (!(JSON.parse(message).pid > 0)) throw new Error(`the floor cannot create a container: ${message}`)
    return id
  }

  start(id: string): Promise<void> {
    return this.#run('start', id)
  }

  /** Resolves when the exit file is there. Ask before the start. */
  exit(id: string): Promise<void> {
    return new Promise((resolve) => this.#exits.set(id, resolve))
  }

  /** Lets go of a container that has exited, or, with `--force`, of any. */
  async remove(id: string, ...flags: string[]): Promise<void> {
    await this.#run('delete', ...flags, id)
    this.#exits.delete(id)
    this.#alive.delete(id)
    rmSync(this.#bundle(id), { recursive: true, force: true })
  }

  /** Created, started, its exit seen, removed. */
  async life(lap: Lap = () => {}): Promise<void> {
    const id = await this.create()
    lap('1. created')
    const exited = this.exit(id)
    await this.start(id)
    lap('2. started')
    await exited
    lap('3. exit seen')
    unlinkSync(join(this.#path, 'exits', id))
    await this.remove(id)
    lap('4. removed')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const id of this.#alive) await this.remove(id, '--force').catch(() => {})
    this.#watcher.close()
  }

  #bundle(id: string): string {
    return join(this.#path, 'bundles', id)
  }

  #conmonArgv(id: string): string[] {
    const bundle = this.#bundle(id)
    return [
      ...['-c', id, '-u', id, '-r', this.#runtime, '-b', bundle],
      ...['-p', join(bundle, 'pid'), '-l', `k8s-file:${join(bundle, 'log')}`, '--log-level', 'error'],
      ...['--exit-dir', join(this.#path, 'exits'), '--socket-dir-path', join(this.#path, 'sockets')],
      ...['--runtime-arg', '--root', '--runtime-arg', join(this.#path, 'runtime')],
    ]
  }

  async #run(...args: string[]): Promise<void> {
    const root = ['--root', join(this.#path, 'runtime')]
    await ended(
      spawn(this.#runtime, [...root, ...args], { env: ENV, stdio: ['ignore', 'ignore', 'inherit'] }),
    )
  }
}

async function firstLine(stream: Duplex): Promise<string> {
  let text = ''
  for await (const chunk of stream) {
    text += chunk
    if (text.includes('\n')) break
  }
  return text
}

async function ended(child: ChildProcess): Promise<void> {
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${child.spawnargs.join(' ')} ended with ${code}`)
}
