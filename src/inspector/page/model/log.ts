/** A line of a container's output. */
export interface OutputLine {
  /** RFC 3339, UTC. */
  at: string
  stream: string
  text: string
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const CONTROLS = /\u001b\[[0-9;?]*[ -/]*[@-~]|[\u0000-\u0008\u000b-\u001f\u007f]/g

/** Puts lines of a k8s-file log together: one that is partial goes on in the next of its stream. */
export class OutputReader {
  readonly #open = new Map<string, OutputLine>()

  /** The line that is whole now, if one is. What a terminal would obey is taken out. */
  read(line: string): OutputLine | undefined {
    const [, at = '', stream = '', kind = '', text = ''] = /^(\S+) (\S+) ([PF]) ?(.*)$/s.exec(line) ?? []
    if (stream === '') return undefined
    const open = this.#open.get(stream) ?? { at, stream, text: '' }
    const whole = { ...open, text: open.text + text.replace(CONTROLS, '') }
    if (kind === 'P') {
      this.#open.set(stream, whole)
      return undefined
    }
    this.#open.delete(stream)
    return whole
  }
}
