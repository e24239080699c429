import { randomBytes } from 'node:crypto'
import { quote } from '../../effects/quote.ts'
import { InvalidInputError } from '../errors.ts'

/** The longest name, in characters. */
export const MAX_NAME_LENGTH = 128

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/
const ID = /^[0-9a-f]{32}$/
const NAME_HINT = `a name is 1 to ${MAX_NAME_LENGTH} of the letters a-z and A-Z, digits, '_', '.' and '-', and starts with a letter or a digit`

/**
 * Gives the name back where a container may have it. Names stand in file names, argument lists and URLs, so
 * nothing that means something there is let through.
 *
 * @throws InvalidInputError
 */
export function validateName(name: string): string {
  const wrong = whatIsWrong(name)
  if (wrong !== undefined) {
    throw new InvalidInputError(`invalid container name ${quote(name)}: ${wrong}`, { hint: NAME_HINT })
  }
  return name
}

function whatIsWrong(name: unknown): string | undefined {
  if (typeof name !== 'string') return 'it is not a string'
  if (name === '') return 'it is empty'
  if (name.length > MAX_NAME_LENGTH) return `it has ${name.length} characters, more than ${MAX_NAME_LENGTH}`
  if (name.startsWith('-')) return "it starts with '-', as an option does"
  if (name.includes('/')) return "it contains '/'"
  if (name.startsWith('.')) return "it starts with '.'"
  if (!NAME.test(name)) return 'it contains a character that names cannot have'
  return undefined
}

/**
 * Gives the id back where it is one that {@link newId} makes.
 *
 * @throws InvalidInputError
 */
export function validateId(id: string): string {
  if (typeof id !== 'string' || !ID.test(id)) {
    throw new InvalidInputError(`invalid container id ${quote(id)}`, {
      hint: 'an id is 32 digits of 0-9 and a-f; `runchart ps -a` lists them',
    })
  }
  return id
}

/** A new container's id: 32 lower-case hexadecimal digits, random. */
export function newId(): string {
  return randomBytes(16).toString('hex')
}
