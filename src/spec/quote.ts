const SHOWN_LENGTH = 256

/**
 * Input as an error message shows it: quoted, control characters escaped so that they cannot reach a
 * terminal, and cut so that a megabyte of it does not fill the screen; most paths are shown whole.
 */
export function quote(input: unknown): string {
  const text = typeof input === 'string' ? JSON.stringify(input) : String(input)
  const plain = text.replace(/[^\x20-\x7e]/g, escapeUnit)
  return plain.length <= SHOWN_LENGTH
    ? plain
    : `${plain.slice(0, SHOWN_LENGTH)}… (${plain.length} characters)`
}

function escapeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}
