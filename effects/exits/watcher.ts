import { basename, dirname, resolve } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'
import { Observable, type Subscriber } from 'rxjs'
import { RunchartError } from '../errors.ts'
import { inotifyQueue, watchHint } from '../process/inotify.ts'
import { claimExitsDirectory, directoryIdentity } from './directory.ts'
import { idOfExitFile } from './file.ts'

/**
 * What the watch of an exits directory tells. A hint, never the evidence: read the file.
 * - `ready`: armed; whatever was there before has been told as `exit`
 * - `exit`: something has come of the exit file of that id; may come more than once, and after the file is gone
 */
export type ExitSighting = { type: 'ready' } | { type: 'exit'; id: string }

/** The part of the kernel's queue that comes at once in no quiet time; other watches of this process share the queue. */
const FLOOD = 1 / 16

/**
 * Watches for exit files until that is in trouble, then errors: exits may have been missed, or cannot be watched.
 * Subscribe again, and look through the whole directory once `ready` comes. It does not keep the process alive. The
 * directory is made, 0750, where it is missing. It must be kept empty by unlinking each file once it is committed:
 * chokidar may look through the whole directory at each event. An id that ends in a dot and six letters or digits
 * looks like conmon's temporary file, and is not told.
 *
 * Its errors are RunchartErrors, code `EWATCH`.
 */
export function watchExits(dir: string): Observable<ExitSighting> {
  return new Observable((subscriber) => {
    const watching = new ExitsWatch(resolve(dir), subscriber)
    watching.arm()
    return () => watching.close()
  })
}

/** What chokidar gives with an event of the kernel. */
interface RawDetails {
  /** The directory that it was told of. */
  watchedPath: string
}

class ExitsWatch {
  readonly #dir: string
  readonly #subscriber: Subscriber<ExitSighting>
  readonly #flood = Math.ceil(inotifyQueue() * FLOOD)
  #identity: string | undefined
  #watcher: FSWatcher | undefined
  /** Events of the kernel in this turn of the event loop. */
  #heard = 0

  constructor(dir: string, subscriber: Subscriber<ExitSighting>) {
    this.#dir = dir
    this.#subscriber = subscriber
  }

  arm(): void {
    const [dir, parent] = [this.#dir, dirname(this.#dir)]
    try {
      claimExitsDirectory(dir)
      this.#identity = directoryIdentity(dir)
    } catch (error) {
      this.#subscriber.error(error)
      return
    }
    // The directory above tells what the directory itself does not: that it is moved along with the one above.
    this.#watcher = watch([parent, dir], {
      atomic: false,
      awaitWriteFinish: false,
      depth: 0,
      followSymlinks: false,
      ignored: (path) => dirname(path) === parent && path !== dir,
      ignoreInitial: false,
      persistent: false,
      usePolling: false,
    })
    this.#watcher
      .on('ready', () => this.#ready())
      .on('add', (path) => this.#see(basename(path)))
      .on('addDir', (path) => path !== dir && path !== parent && this.#see(basename(path)))
      .on('change', (path) => this.#see(basename(path)))
      .on('unlinkDir', (path) => (path === dir || path === parent) && this.#lose())
      .on('raw', (_event, name, details) => this.#hear(name, (details as RawDetails).watchedPath))
      .on('error', (error) => this.#fail(error))
  }

  close(): void {
    const watcher = this.#watcher
    this.#watcher = undefined
    watcher?.close().catch(() => {})
  }

  /** What took the directory's place before the kernel watched it was told by nobody. */
  #ready(): void {
    try {
      if (directoryIdentity(this.#dir) === this.#identity) this.#subscriber.next({ type: 'ready' })
      else this.#lose()
    } catch (error) {
      this.#fail(error)
    }
  }

  #see(name: string): void {
    const id = idOfExitFile(name)
    if (id !== undefined) this.#subscriber.next({ type: 'exit', id })
  }

  /**
   * What the kernel says, before chokidar has looked at it. It tells of a directory's own removal, renaming or change of
   * mode under the directory's own name.
   */
  #hear(name: string | null, watched: string): void {
    this.#count()
    const isOwn = name === null || name === basename(watched)
    if (isOwn || (watched !== this.#dir && name === basename(this.#dir))) this.#lose()
    else if (watched === this.#dir) this.#see(name)
  }

  /**
   * libuv reads all that the kernel has queued in one turn, and passes over the kernel's word that there was more than
   * it could keep. So a turn with very many events may have lost some. chokidar is stopped at once: it would look
   * through the directory for each of them.
   */
  #count(): void {
    if (this.#heard === 0) setImmediate(() => (this.#heard = 0))
    this.#heard += 1
    if (this.#heard < this.#flood) return
    this.#end(`more happened at once in the exits directory ${this.#dir} than can be followed`, {
      hint: 'where that happens often, raise the sysctl fs.inotify.max_queued_events',
    })
  }

  #lose(): void {
    this.#end(`the exits directory ${this.#dir} was removed, replaced or changed`)
  }

  #fail(cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause)
    this.#end(`cannot watch the exits directory ${this.#dir}: ${why}`, { cause, hint: watchHint(cause) })
  }

  #end(message: string, facts: { cause?: unknown; hint?: string | undefined } = {}): void {
    this.close()
    this.#subscriber.error(new RunchartError('EWATCH', message, facts))
  }
}
