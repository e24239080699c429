import { join } from 'node:path'
import { type AttachConnection, connectAttach } from '../../../effects/attach/connection.ts'
import type { OutputPiece } from '../../../effects/attach/packets.ts'
import { Resizer } from '../../../effects/attach/resize.ts'
import { AttachError, EngineClosedError } from '../../errors.ts'
import type { Supervisor } from '../supervisor.ts'

/** Who hears of a run's output; neither may throw. */
export interface HubListener {
  onOutput: (piece: OutputPiece) => void
  /** `error` where it did not end with the container. */
  onEnd: (error?: unknown) => void
}

/**
 * The engine's one connection to a container's conmon, for all who are attached. It always reads, whoever does
 * not, since conmon makes the container wait for each of its clients. And it stays when they leave: to conmon each
 * client that hangs up is the end of the container's input.
 */
export class AttachHub {
  readonly generation: number
  readonly terminal: boolean
  readonly #supervisor: Supervisor
  readonly #connection: AttachConnection
  readonly #resizer: Resizer
  readonly #listeners: Set<HubListener>
  readonly #unlisten: () => void
  #inputEnded = false
  #over = false

  /**
   * Connects.
   *
   * @throws AttachError `EATTACH`
   * @throws EngineClosedError
   */
  static async open(supervisor: Supervisor): Promise<AttachHub> {
    const { row, paths } = supervisor
    const listeners = new Set<HubListener>()
    const connection = await connectAttach({
      containerId: supervisor.id,
      bundle: paths.bundle,
      onOutput: (piece) => {
        for (const listener of [...listeners]) listener.onOutput(piece)
      },
    })
    try {
      // The engine may have let go meanwhile, and would not tell of it again.
      supervisor.assertOpen()
    } catch (error) {
      connection.close()
      throw error
    }
    return new AttachHub(supervisor, row.generation, connection, listeners)
  }

  private constructor(
    supervisor: Supervisor,
    generation: number,
    connection: AttachConnection,
    listeners: Set<HubListener>,
  ) {
    this.#supervisor = supervisor
    this.generation = generation
    this.terminal = supervisor.settings.terminal === true
    this.#connection = connection
    this.#listeners = listeners
    this.#resizer = new Resizer(join(supervisor.paths.bundle, 'ctl'), supervisor.id)
    this.#unlisten = supervisor.listen((change) => {
      if (change === 'closed') this.#finish(new EngineClosedError())
      else if (change.to === 'removed') this.#finish()
    })
    void connection.ended.then(() => this.#finish())
  }

  /** Whether nobody can join any more. */
  get isOver(): boolean {
    return this.#over
  }

  /** Hears of output from now on. The function given back ends that. */
  join(listener: HubListener): () => void {
    this.#listeners.add(listener)
    return () => {
      this.#listeners.delete(listener)
      this.#closeUnneeded()
    }
  }

  async write(data: Buffer): Promise<void> {
    if (!this.#hasInput) throw this.#noInput()
    await this.#connection.write(data)
  }

  async endInput(): Promise<void> {
    if (!this.#hasInput) throw this.#noInput()
    if (this.terminal) return this.#connection.write(CONTROL_D)
    this.#inputEnded = true
    await this.#connection.end()
    this.#closeUnneeded()
  }

  async resize(size: { columns: number; rows: number }): Promise<void> {
    if (this.terminal) return this.#resizer.resize(size)
    throw new AttachError('ENOTERMINAL', `container ${this.#supervisor.name} has no terminal`, {
      containerId: this.#supervisor.id,
      hint: 'create it with one',
    })
  }

  get #hasInput(): boolean {
    return this.terminal || (this.#supervisor.settings.stdin === true && !this.#inputEnded)
  }

  #noInput(): AttachError {
    const { id, name } = this.#supervisor
    const what = this.#inputEnded ? 'has had its standard input ended' : 'has no standard input'
    return new AttachError('ENOSTDIN', `container ${name} ${what}`, {
      containerId: id,
      hint: this.#inputEnded ? 'it lasts as long as the run' : 'create it with one, or with a terminal',
    })
  }

  /** Hanging up ends the input of whatever still has one that can end. */
  #closeUnneeded(): void {
    const holdsInputOpen = !this.terminal && this.#hasInput
    if (this.#listeners.size === 0 && !holdsInputOpen) this.#finish()
  }

  #finish(error?: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#unlisten()
    this.#connection.close()
    for (const listener of [...this.#listeners]) listener.onEnd(error)
    this.#listeners.clear()
  }
}

/** A terminal's end of input, as it is typed. */
const CONTROL_D = Buffer.of(4)
