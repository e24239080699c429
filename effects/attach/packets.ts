/** One piece of a container's output, as it left the container. */
export interface OutputPiece {
  stream: 'stdout' | 'stderr'
  data: Buffer
}

/**
 * Bytes of a container's input in one packet. conmon takes 32,768, and later versions one less; what is over is
 * lost without a word.
 */
export const MAX_INPUT_PACKET = 16 * 1024

/** What the first byte of a packet from conmon says. */
const STREAMS: Record<number, OutputPiece['stream']> = { 2: 'stdout', 3: 'stderr' }

/** Reads a packet of conmon's; undefined for what is no output. A terminal's output is all `stdout`. */
export function parsePacket(packet: Buffer): OutputPiece | undefined {
  const stream = STREAMS[packet[0] ?? 0]
  return stream === undefined ? undefined : { stream, data: packet.subarray(1) }
}

/** Cuts input into packets; none for no input, since an empty packet would be an end. */
export function inputPackets(data: Buffer): Buffer[] {
  const packets: Buffer[] = []
  for (let at = 0; at < data.length; at += MAX_INPUT_PACKET) {
    packets.push(data.subarray(at, at + MAX_INPUT_PACKET))
  }
  return packets
}
