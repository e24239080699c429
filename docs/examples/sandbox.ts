/**
 * A sandbox for what an AI agent has written: each snippet runs in a container of its own that has no network, no
 * root, nothing to write to and little memory, processes and CPU. Its output is told as it comes, it is ended at its
 * deadline, and it is gone afterwards, whatever it did. Whoever ran it is told how it ended, and why.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Attachment, AttachOutput, Container, Engine, ExitRecord } from '../../src/index.ts'
import { openEngine, WaitTimeoutError } from '../../src/index.ts'

/** What a snippet may use. */
export interface Limits {
  /** Bytes. */
  memory: number
  pids: number
  /** Share of CPUs. */
  cpus: number
  /** Bytes of output, both streams together. */
  output: number
  /** Seconds that it may run for. */
  deadline: number
  /** Seconds from SIGTERM to SIGKILL once the deadline has passed. */
  grace: number
}

const MIB = 1024 ** 2
const MODEST: Limits = { memory: 64 * MIB, pids: 32, cpus: 0.5, output: MIB, deadline: 10, grace: 1 }

/**
 * How a snippet ended.
 * - `finished`: by itself; `exitCode` is its own
 * - `out of memory`: the kernel killed it
 * - `deadline`, `output limit`: it was stopped, by SIGKILL (`exitCode` 137) where SIGTERM was not enough
 * - `killed`: by a signal from elsewhere, or with the machine
 */
export interface Outcome {
  end: 'finished' | 'out of memory' | 'deadline' | 'output limit' | 'killed'
  exitCode: number
  cpuMs: number | null
  memoryPeak: number | null
}

export class Sandbox {
  readonly #engine: Engine
  readonly #rootfs: string
  readonly #limits: Limits

  /** Snippets share the root file system, which none can write to. Keep set-uid programs out of it. */
  constructor(engine: Engine, rootfs: string, limits: Partial<Limits> = {}) {
    this.#engine = engine
    this.#rootfs = resolve(rootfs)
    this.#limits = { ...MODEST, ...limits }
  }

  /** Runs one snippet to its end. `signal` gives it up: it is killed and removed, and this rejects. */
  async run(
    command: string[],
    tell: (output: AttachOutput) => void,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<Outcome> {
    const { memory, pids, cpus, grace } = this.#limits
    await using box = await this.#engine.create(
      {
        ...{ rootfs: this.#rootfs, command, user: '65534:65534', workdir: '/', labels: { app: 'sandbox' } },
        ...{ network: 'none', readOnly: true, memory, pidsLimit: pids, cpus, stopTimeout: grace },
      },
      { signal },
    )
    // Before the start, so that nothing is missed.
    await using attachment = await box.attach({ signal })
    const tooMuch = () => box.stop({ timeout: 0, by: 'output limit' })
    const [exit] = await Promise.all([this.#live(box, signal), this.#tell(attachment, tell, tooMuch)])
    return { end: endOf(exit), exitCode: exit.code, cpuMs: exit.cpuMs, memoryPeak: exit.memoryPeak }
  }

  async #live(box: Container, signal: AbortSignal | undefined): Promise<ExitRecord> {
    await box.start({ signal })
    try {
      return await box.wait({ timeout: this.#limits.deadline, signal })
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error
      return await box.stop({ by: 'deadline', signal })
    }
  }

  /** Resolves when the snippet has written its last. */
  async #tell({ output }: Attachment, tell: (output: AttachOutput) => void, tooMuch: () => Promise<unknown>) {
    let left = this.#limits.output
    for await (const { stream, data } of output) {
      if (left > 0) tell({ stream, data: data.subarray(0, left) })
      left -= data.length
      if (left <= 0) return void (await tooMuch())
    }
  }
}

function endOf({ cause, by }: ExitRecord): Outcome['end'] {
  if (cause === 'oom') return 'out of memory'
  if (by === 'deadline' || by === 'output limit') return by
  return cause === 'exited' ? 'finished' : 'killed'
}

/** `node docs/examples/sandbox.ts ROOTFS COMMAND…` */
async function main(rootfs: string, ...command: string[]): Promise<void> {
  const place = mkdtempSync(join(tmpdir(), 'runchart-sandbox-'))
  try {
    // A log is kept of what is told, too; it must not fill the disk.
    const paths = { root: join(place, 'root'), runRoot: join(place, 'run') }
    await using engine = await openEngine({ ...paths, logSizeMax: MIB })
    const sandbox = new Sandbox(engine, rootfs)
    console.log(await sandbox.run(command, ({ stream, data }) => void process[stream].write(data)))
  } finally {
    rmSync(place, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) await main(...(process.argv.slice(2) as [string]))
