import { setTimeout as delay } from 'node:timers/promises'
import { AttachError } from '../errors.ts'
import { inputPackets, type OutputPiece, parsePacket } from './packets.ts'
import { connectSeqpacket, type Seqpacket } from './seqpacket.ts'

/** What an attachment to conmon is made of. */
export interface ConnectOptions {
  containerId: string
  /** Absolute; conmon listens in it, on `attach`. */
  bundle: string
  /** Hears of each piece, at once and in order, and must not throw. conmon waits for whoever does not read. */
  onOutput: (piece: OutputPiece) => void
  signal?: AbortSignal | undefined
}

/** One client of a container's conmon. */
export interface AttachConnection {
  /** Resolves when conmon has gone, after the last piece, or when this was closed. Never rejects. */
  readonly ended: Promise<void>
  /**
   * Resolves when conmon has it all: a container that does not read makes its writers wait.
   *
   * @throws AttachError `EATTACHENDED` where the container has exited first
   */
  write(data: Buffer): Promise<void>
  /** Ends input, after what is being written. conmon closes the container's standard input, if that is a pipe. */
  end(): Promise<void>
  /** Makes conmon wait, and the command with it. */
  pause(): void
  /** Goes on reading after `pause`. */
  resume(): void
  /** Hangs up, which ends input too. */
  close(): void
}

/** How long is waited for a conmon that has others to accept before. */
const CONNECT_TIMEOUT_MS = 5_000
const RETRY_MS = 20

/**
 * Connects to conmon as one more client of a container. Nothing that was written before is told again.
 *
 * @throws AttachError `EATTACH` where conmon does not listen
 * @throws the signal's reason
 */
export async function connectAttach(options: ConnectOptions): Promise<AttachConnection> {
  const { socket, rest } = await connectInTime(options)
  const ended = Promise.withResolvers<void>()
  const output = (packet: Buffer): void => {
    const piece = parsePacket(packet)
    if (piece !== undefined) options.onOutput(piece)
  }
  socket.on('data', output)
  socket.once('error', () => {
    for (const packet of rest()) output(packet)
  })
  // Half-open: whoever is still writing learns of it now.
  socket.once('end', () => socket.destroy())
  socket.once('close', () => ended.resolve())
  let last: Promise<unknown> = Promise.resolve()
  /** One packet after the other: what waits in a socket's buffer Node would send as one. */
  const next = (step: () => Promise<void>): Promise<void> => {
    const done = last.then(step)
    last = done.catch(() => {})
    return done
  }
  return {
    ended: ended.promise,
    write: (data) =>
      next(async () => {
        for (const packet of inputPackets(data)) await writePacket(socket, packet, options.containerId)
      }),
    end: () => next(async () => void socket.end()),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    close: () => void socket.destroy(),
  }
}

async function connectInTime({ bundle, containerId, signal }: ConnectOptions): Promise<Seqpacket> {
  const deadline = performance.now() + CONNECT_TIMEOUT_MS
  for (;;) {
    signal?.throwIfAborted()
    try {
      return await connectSeqpacket(bundle, 'attach')
    } catch (cause) {
      const busy = (cause as NodeJS.ErrnoException).code === 'EAGAIN'
      if (!busy || performance.now() > deadline) throw notListening(containerId, cause)
    }
    await delay(RETRY_MS, undefined, { signal })
  }
}

function notListening(containerId: string, cause: unknown): AttachError {
  const { code, message } = cause as NodeJS.ErrnoException
  return new AttachError('EATTACH', `cannot attach to container ${containerId}: ${message}`, {
    containerId,
    cause,
    hint:
      code === 'EAGAIN'
        ? 'its conmon does not answer; another of its clients may have stopped reading'
        : 'its conmon is gone or going; look at its state',
  })
}

function writePacket(socket: Seqpacket['socket'], packet: Buffer, containerId: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.write(packet, (cause) => {
      if (cause === null || cause === undefined) return resolve()
      const message = `input for container ${containerId} was not delivered: ${cause.message}`
      reject(new AttachError('EATTACHENDED', message, { containerId, cause, hint: 'it has exited' }))
    })
  })
}
