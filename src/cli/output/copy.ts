/** A container's output on this process's own. */
import type { LogLine } from '../../types.ts'
import { write } from './print.ts'

const NEWLINE = Buffer.from('\n')

/**
 * Copies output as it comes, stdout to stdout and stderr to stderr, byte for byte. What came together and goes to
 * the same place is written at once. `timestamps` begin each line.
 */
export async function copyOutput(
  batches: AsyncIterable<LogLine[]>,
  options: { timestamps?: boolean | undefined } = {},
): Promise<void> {
  const midLine = { stdout: false, stderr: false }
  for await (const batch of batches) {
    for (const { stream, lines } of runsOf(batch)) {
      const pieces: Buffer[] = []
      for (const line of lines) {
        if (options.timestamps === true && !midLine[stream]) pieces.push(Buffer.from(`${line.at} `))
        pieces.push(line.data)
        if (!line.partial) pieces.push(NEWLINE)
        midLine[stream] = line.partial
      }
      await write(process[stream], Buffer.concat(pieces))
    }
  }
}

/** Cuts a batch where the stream changes: on a terminal both go to one place, in their order. */
function runsOf(batch: LogLine[]): { stream: LogLine['stream']; lines: LogLine[] }[] {
  const runs: { stream: LogLine['stream']; lines: LogLine[] }[] = []
  for (const line of batch) {
    const last = runs.at(-1)
    if (last?.stream === line.stream) last.lines.push(line)
    else runs.push({ stream: line.stream, lines: [line] })
  }
  return runs
}
