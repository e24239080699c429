/**
 * A job queue: so many jobs at once, a time limit for each, and a result with exit code, output and cause. What ran
 * on while its program was dead is picked up by the next one, for a job is a container created by key: no job runs
 * twice, and a time limit counts from the job's real start.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import pLimit, { type LimitFunction } from 'p-limit'
import type { Container, CreateOptions, Engine, ExitRecord } from '../../src/index.ts'
import { openEngine, WaitTimeoutError } from '../../src/index.ts'

export interface Job {
  /** Tells it from all others, for ever. */
  id: string
  command: string[]
  /** Seconds that it may run for. */
  timeLimit: number
}

export interface Result extends Pick<ExitRecord, 'cause' | 'startedAt' | 'finishedAt'> {
  id: string
  exitCode: number
  /** Both streams, line by line, in the order in which it wrote them. */
  output: string
  isOverTime: boolean
}

export interface QueueOptions {
  /** What is the same for all jobs: the root file system, limits and so on. */
  container: CreateOptions
  /** Jobs at once. */
  limit: number
  /** Seconds from SIGTERM to SIGKILL for a job over its time limit. */
  grace: number
}

export class JobQueue {
  readonly #engine: Engine
  readonly #options: QueueOptions
  readonly #limited: LimitFunction

  constructor(engine: Engine, options: QueueOptions) {
    this.#engine = engine
    this.#options = options
    this.#limited = pLimit(options.limit)
  }

  /** Runs a job when its turn has come; one that is known already is waited for, or over. */
  run(job: Job): Promise<Result> {
    return this.#limited(async () => {
      const container = await this.#engine.create(this.#creation(job))
      // Only once: a job that has been started is running, or has an exit.
      if (container.is('created')) await container.start()
      const exit = await this.#end(container, job)
      const { cause, startedAt, finishedAt } = exit
      const isOverTime = exit.by === 'time limit'
      return {
        id: job.id,
        exitCode: exit.code,
        cause,
        isOverTime,
        startedAt,
        finishedAt,
        output: await text(container),
      }
    })
  }

  /** Lets go of a job whose result is in safe hands; asked to run again, it would. */
  async forget({ id }: Job): Promise<void> {
    const known = this.#engine.containers.value.find(({ key }) => key === keyOf(id))
    if (known !== undefined) await this.#engine.get(known.id).remove({ force: true })
  }

  #creation({ id, command }: Job): CreateOptions {
    return { ...this.#options.container, key: keyOf(id), command, stopTimeout: this.#options.grace }
  }

  async #end(container: Container, { timeLimit }: Job): Promise<ExitRecord> {
    const { startedAt } = container.inspect()
    const ranFor = startedAt === null ? 0 : (Date.now() - Date.parse(startedAt)) / 1_000
    try {
      return await container.wait({ timeout: Math.max(0, timeLimit - ranFor) })
    } catch (error) {
      if (!(error instanceof WaitTimeoutError)) throw error
      return await container.stop({ by: 'time limit' })
    }
  }
}

const keyOf = (id: string): string => `job/${id}`

async function text(container: Container): Promise<string> {
  let output = ''
  for await (const { data, partial } of container.logs()) output += partial ? data : `${data}\n`
  return output
}

/**
 * `node docs/examples/job-queue.ts PLACE ROOTFS`: runs the jobs in `PLACE/jobs.json`, and adds their results to
 * `PLACE/results.jsonl`. It can be killed at any time, and run again.
 */
async function main(place: string, rootfs: string): Promise<void> {
  const results = resolve(place, 'results.jsonl')
  const jobs: Job[] = JSON.parse(readFileSync(join(place, 'jobs.json'), 'utf8'))
  const lines = existsSync(results) ? readFileSync(results, 'utf8').split('\n').filter(Boolean) : []
  const known = new Set(lines.map((line) => (JSON.parse(line) as Result).id))
  await using engine = await openEngine({ root: resolve(place, 'root'), runRoot: resolve(place, 'run') })
  const queue = new JobQueue(engine, { container: { rootfs: resolve(rootfs) }, limit: 2, grace: 1 })
  const run = async (job: Job): Promise<void> => {
    // First written down, then forgotten: between the two a crash loses nothing, and repeats nothing.
    if (!known.has(job.id)) appendFileSync(results, `${JSON.stringify(await queue.run(job))}\n`)
    await queue.forget(job)
  }
  const outcomes = await Promise.allSettled(jobs.map(run))
  for (const outcome of outcomes) if (outcome.status === 'rejected') console.error(outcome.reason)
}

if (process.argv[1] === import.meta.filename) await main(...(process.argv.slice(2) as [string, string]))
