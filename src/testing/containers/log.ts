import { appendFileSync } from 'node:fs'
import { formatLogLine } from '../../../effects/log/parse.ts'
import type { Clock } from '../../clock.ts'

/** Writes lines to a log as conmon does. */
export function writeLog(path: string, clock: Clock): (line: string, stream: 'stdout' | 'stderr') => void {
  return (line, stream) => {
    const at = clock.now().toISOString().replace('Z', '000000+00:00')
    const lines = line.split('\n').map((text) => ({ at, stream, partial: false, data: Buffer.from(text) }))
    appendFileSync(path, Buffer.concat(lines.map(formatLogLine)))
  }
}
