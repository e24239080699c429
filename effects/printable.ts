const ESCAPE = String.fromCharCode(0x1b)
/** What a terminal takes for a command: colours and cursors, window titles, and the short ones (ECMA-48). */
const COMMANDS = new RegExp(
  `${ESCAPE}(?:\\[[0-?]*[ -/]*[@-~]|\\][^${ESCAPE}\\p{Cc}]*(?:${ESCAPE}\\\\|\\p{Cc})?|[ -/]*[0-~])`,
  'gu',
)

/**
 * Words of somebody else's, such as a runtime's, as one line that any terminal can show: without a terminal's commands,
 * and with every other character that is not seen written out, those that turn the direction of text among them.
 */
export function printable(text: string): string {
  return text.replace(COMMANDS, '').replaceAll('\t', ' ').replace(/\p{C}/gu, written)
}

function written(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
