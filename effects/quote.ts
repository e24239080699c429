const SHOWN_LENGTH = 256

/**
 * Input as an error message shows it: quoted, control characters escaped so that they cannot reach a
 * terminal, and cut so that a megabyte of it does not fill the screen; most paths are shown whole. Never throws.
 */
export function quote(input: unknown): string {
  const plain = written(input).replace(/[^\x20-\x7e]/g, escapeUnit)
  return plain.length <= SHOWN_LENGTH
    ? plain
    : `${plain.slice(0, SHOWN_LENGTH)}… (${plain.length} characters)`
}

function written(input: unknown): string {
  if (typeof input === 'string') return JSON.stringify(input)
  try {
    return String(input)
  } catch {
    // An object without a prototype, or one whose own methods throw.
    return Object.prototype.toString.call(input)
  }
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
