import { mkdirSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { Observable, type Subscriber } from 'rxjs'
import { idOfExitFile } from './file.ts'

/**
 * What the watch of an exits directory tells. A hint, never the evidence: read the file, and after `trouble` look
 * through the whole directory once `ready` comes.
 * - `ready`: armed; whatever was there before has been told as `exit`
 * - `exit`: the exit file of that id is there; may come more than once
 * - `trouble`: exits may have been missed; the watch is being armed again
 */
export type ExitSighting =
  | { type: 'ready' }
  | { type: 'exit'; id: string }
  | { type: 'trouble'; reason: string }

/** Settings that only a test changes. */
export interface WatchExitsOptions {
  /** Milliseconds before the first new attempt after an error; doubled each time, up to 30,000. */
  retryMs?: number | undefined
}

const MAX_RETRY_MS = 30_000

/**
 * Watches for exit files for as long as it is subscribed to; never errors and never completes. It does not keep the
 * process alive. The directory is made, 0750, where it is missing. It must be kept empty by unlinking each file once
 * it is committed: chokidar looks through the whole directory at each event. An id that ends in a dot and six
 * letters or digits looks like conmon's temporary file, and is not told.
 */
export function watchExits(dir: string, options: WatchExitsOptions = {}): Observable<ExitSighting> {
  return new Observable((subscriber) => {
    const watching = new ExitsWatch(resolve(dir), subscriber, options.retryMs ?? 100)
    watching.arm()
    return () => watching.close()
  })
}

class ExitsWatch {
  readonly #dir: string
  readonly #subscriber: Subscriber<ExitSighting>
  readonly #retryMs: number
  #failures = 0
  #watcher: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(dir: string, subscriber: Subscriber<ExitSighting>, retryMs: number) {
    this.#dir = dir
    this.#subscriber = subscriber
    this.#retryMs = retryMs
  }

  arm(): void {
    try {
      mkdirSync(this.#dir, { recursive: true, mode: 0o750 })
    } catch (error) {
      this.#fail(error)
      return
    }
    const watcher = watch(this.#dir, {
      atomic: false,
      awaitWriteFinish: false,
      depth: 0,
      followSymlinks: false,
      ignoreInitial: false,
      persistent: false,
      usePolling: false,
    })
    this.#watcher = watcher
    // A replaced watcher still tells of what it had begun to read; only the present one is listened to.
    const listen =
      <A extends unknown[]>(act: (...args: A) => void) =>
      (...args: A) => {
        if (this.#watcher === watcher) act(...args)
      }
    watcher
      .on(
        'ready',
        listen(() => this.#ready()),
      )
      .on(
        'add',
        listen((path) => this.#see(path)),
      )
      .on(
        'addDir',
        listen((path) => this.#see(path)),
      )
      .on(
        'change',
        listen((path) => this.#see(path)),
      )
      .on(
        'unlinkDir',
        listen((path) => this.#lose(path)),
      )
      .on(
        'raw',
        listen((_event, name) => this.#suspect(name)),
      )
      .on(
        'error',
        listen((error) => this.#fail(error)),
      )
  }

  close(): void {
    clearTimeout(this.#timer)
    const watcher = this.#watcher
    this.#watcher = undefined
    watcher?.close().catch(() => {})
  }

  #ready(): void {
    this.#failures = 0
    this.#subscriber.next({ type: 'ready' })
  }

  #see(path: string): void {
    if (resolve(path) === this.#dir) return
    const id = idOfExitFile(basename(path))
    if (id !== undefined) this.#subscriber.next({ type: 'exit', id })
  }

  #lose(path: string): void {
    if (resolve(path) === this.#dir) this.#rearm()
  }

  /** inotify tells of a directory's own removal or renaming under the directory's own name. */
  #suspect(name: string | null): void {
    if (name === null || name === basename(this.#dir)) this.#rearm()
  }

  #rearm(): void {
    this.close()
    this.#subscriber.next({
      type: 'trouble',
      reason: `the exits directory ${this.#dir} was removed or replaced`,
    })
    if (!this.#subscriber.closed) this.arm()
  }

  #fail(error: unknown): void {
    this.close()
    const delay = Math.min(this.#retryMs * 2 ** this.#failures, MAX_RETRY_MS)
    this.#failures += 1
    this.#timer = setTimeout(() => this.arm(), delay).unref()
    const reason = `cannot watch the exits directory ${this.#dir}: ${describe(error)}`
    this.#subscriber.next({ type: 'trouble', reason })
  }
}

const HINTS: Record<string, string> = {
  ENOSPC: '; raise the sysctl fs.inotify.max_user_watches',
  EMFILE: '; raise the sysctl fs.inotify.max_user_instances, or the limit of open files',
}

function describe(error: unknown): string {
  const { message, code } = error as NodeJS.ErrnoException
  return `${message}${HINTS[code ?? ''] ?? ''}`
}
