/** One line, or part of one, of a container's output. */
export interface ParsedLogLine {
  /** RFC 3339 with nanoseconds, as conmon wrote it; empty for a line that conmon cannot have written. */
  at: string
  stream: 'stdout' | 'stderr'
  /** True where the line goes on in the next one of the stream. */
  partial: boolean
  /** Without the newline. */
  data: Buffer
}

/** Takes a log to pieces as its bytes arrive. */
export interface LogParser {
  push(chunk: Buffer): ParsedLogLine[]
}

const NEWLINE = 0x0a
/** conmon splits lines at 8 KiB; a longer one is handed on in parts. */
const MAX_LINE = 256 * 1024
/** conmon writes 35 bytes; whatever comes before the text fits in this. */
const MAX_HEADER = 80
const HEADER = /^([0-9T:.+Z-]{10,40}) (stdout|stderr) ([FP])(?:[:\w]*)? /

/**
 * Parses conmon's k8s-file format, `TIMESTAMP stdout|stderr F|P text\n`. Never throws, loses nothing, and holds on to
 * no more than `maxLine` bytes, which only a test changes.
 */
export function createLogParser({ maxLine = MAX_LINE } = {}): LogParser {
  let rest: Buffer = Buffer.alloc(0)
  /** The beginning of the line that is handed on in parts. */
  let long: Omit<ParsedLogLine, 'data'> | undefined
  const read = (bytes: Buffer): ParsedLogLine =>
    long === undefined ? parseLine(bytes) : { ...long, data: Buffer.from(bytes) }
  return {
    push(chunk) {
      const lines: ParsedLogLine[] = []
      let bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE)) {
        lines.push(read(bytes.subarray(0, end)))
        long = undefined
        bytes = bytes.subarray(end + 1)
      }
      if (bytes.length > Math.max(maxLine, MAX_HEADER)) {
        const { data, ...header } = read(bytes)
        long = header
        lines.push({ ...header, data, partial: true })
        bytes = Buffer.alloc(0)
      }
      // A copy: the caller may use the chunk's memory again.
      rest = Buffer.from(bytes)
      return lines
    },
  }
}

function parseLine(line: Buffer): ParsedLogLine {
  const match = HEADER.exec(line.toString('latin1', 0, MAX_HEADER))
  const [header, at = '', stream, tag] = match ?? []
  if (header === undefined) return { at: '', stream: 'stdout', partial: false, data: Buffer.from(line) }
  return {
    at,
    stream: stream === 'stderr' ? 'stderr' : 'stdout',
    partial: tag === 'P',
    data: Buffer.from(line.subarray(header.length)),
  }
}

/** The inverse of the parser, for one line. */
export function formatLogLine(line: ParsedLogLine): Buffer {
  const header = line.at === '' ? '' : `${line.at} ${line.stream} ${line.partial ? 'P' : 'F'} `
  return Buffer.concat([Buffer.from(header), line.data, Buffer.of(NEWLINE)])
}
