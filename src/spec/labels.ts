import { quote } from '../../effects/quote.ts'
import { InvalidInputError } from '../errors.ts'

/** The longest name of a label, in characters. */
export const MAX_LABEL_LENGTH = 256
/** All labels of one container together, in bytes of UTF-8: each list of containers carries them. */
export const MAX_LABELS_SIZE = 16 * 1024

// Printable ASCII without '=' (it ends the name on a command line) and without space.
const NAME = /^[!-<>-~]+$/

/**
 * Gives a copy of the labels back where a container may have them.
 *
 * @throws InvalidInputError naming the label that is wrong
 */
export function validateLabels(labels: Readonly<Record<string, string>>): Record<string, string> {
  if (typeof labels !== 'object' || labels === null || Array.isArray(labels)) {
    throw new InvalidInputError(`invalid labels ${quote(labels)}`, { hint: 'give an object of strings' })
  }
  for (const [name, value] of Object.entries(labels)) {
    const wrong = whatIsWrong(name, value)
    if (wrong !== undefined)
      throw new InvalidInputError(`invalid label ${quote(name)}: ${wrong}`, { hint: HINT })
  }
  const size = Buffer.byteLength(Object.entries(labels).flat().join(''))
  if (size <= MAX_LABELS_SIZE) return { ...labels }
  throw new InvalidInputError(`labels of ${size} bytes are more than ${MAX_LABELS_SIZE}`, {
    hint: 'keep what is large in a file of your own, and label the container with its path',
  })
}

const HINT = `a label's name is 1 to ${MAX_LABEL_LENGTH} printable ASCII characters other than '=', its value any text without a NUL byte`

function whatIsWrong(name: string, value: unknown): string | undefined {
  if (name === '') return 'its name is empty'
  if (name.length > MAX_LABEL_LENGTH) return `its name has ${name.length} characters`
  if (!NAME.test(name)) return 'its name contains a character that it cannot have'
  if (typeof value !== 'string') return `its value is no string but ${quote(value)}`
  if (value.includes('\0')) return 'its value contains a NUL byte'
  return undefined
}

/** Whether labels have all that are wanted: `NAME=value`, or `NAME` with any value. */
export function hasLabels(labels: Readonly<Record<string, string>>, wanted: readonly string[]): boolean {
  return wanted.every((each) => {
    const [name = '', ...rest] = each.split('=')
    return Object.hasOwn(labels, name) && (rest.length === 0 || labels[name] === rest.join('='))
  })
}
