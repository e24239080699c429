import { InvalidArgumentError } from 'commander'

/** What podman and docker take. */
export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q'

/** Control characters besides the letters, by the key that is pressed with Ctrl. */
const CONTROLS: Record<string, number> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 }

/**
 * Reads keys such as `ctrl-p,ctrl-q` or `ctrl-a,d`, as the bytes that they send. None for an empty text: then
 * nothing detaches.
 *
 * @throws InvalidArgumentError
 */
export function parseDetachKeys(text: string): number[] {
  return text === '' ? [] : text.split(',').map(parseKey)
}

function parseKey(key: string): number {
  const letter = /^ctrl-([a-z])$/i.exec(key)?.[1]
  if (letter !== undefined) return letter.toLowerCase().charCodeAt(0) - 96
  const control = key.startsWith('ctrl-') ? CONTROLS[key.slice(5)] : undefined
  if (control !== undefined) return control
  if (/^[\x21-\x7e]$/.test(key)) return key.charCodeAt(0)
  throw new InvalidArgumentError(
    'Give keys with commas between them: single characters, or ctrl- and one of a-z @ [ \\ ] ^ _.',
  )
}

/** Looks for the keys in what is typed. */
export interface DetachScanner {
  /** What to pass on, and whether the keys were complete at its end; what came after them is dropped. */
  push(typed: Buffer): { data: Buffer; detached: boolean }
}

/** Makes a {@link DetachScanner}. A beginning of the keys is held back until it is known to be none. */
export function createDetachScanner(keys: readonly number[]): DetachScanner {
  let held: number[] = []
  const take = (byte: number): number[] => {
    held.push(byte)
    let passed: number[] = []
    // What is held may begin with something else and still end in a beginning of the keys.
    while (!held.every((each, index) => each === keys[index])) passed = [...passed, held.shift() ?? 0]
    return passed
  }
  return {
    push(typed) {
      if (keys.length === 0) return { data: typed, detached: false }
      const data: number[] = []
      for (const byte of typed) {
        data.push(...take(byte))
        if (held.length < keys.length) continue
        held = []
        return { data: Buffer.from(data), detached: true }
      }
      return { data: Buffer.from(data), detached: false }
    },
  }
}
