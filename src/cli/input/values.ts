/** Values of options, as the command line has them. */
import { InvalidArgumentError } from 'commander'

const UNITS: Record<string, number> = { '': 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 }

/** `512m`, `1.5g`, `1GiB` or bytes, as bytes. */
export function parseMemory(text: string): number {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgt]?)(?:i?b)?$/i.exec(text)
  const unit = UNITS[match?.[2]?.toLowerCase() ?? '?']
  if (match === null || unit === undefined) {
    throw new InvalidArgumentError('Give bytes, or a number with b, k, m or g, such as 512m.')
  }
  return Math.floor(Number(match[1]) * unit)
}

/** A number that is not negative. */
export function parseNumber(text: string): number {
  const number = Number(text)
  if (!/^\d*\.?\d+$/.test(text) || !Number.isFinite(number)) {
    throw new InvalidArgumentError('Give a number, not below 0.')
  }
  return number
}

/** A whole number that is not negative. */
export function parseCount(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(number)) {
    throw new InvalidArgumentError('Give a whole number, not below 0.')
  }
  return number
}

/** A whole number, or -1 for no limit. */
export function parseLimit(text: string): number {
  return text === '-1' ? -1 : parseCount(text)
}

/** Collects an option that may be given several times. */
export function collect(text: string, before: string[] = []): string[] {
  return [...before, text]
}

/** `NAME=value` as it is; `NAME` alone takes this process's value, and is left out where it has none. */
export function resolveEnv(entries: readonly string[], own: NodeJS.ProcessEnv): string[] {
  return entries.flatMap((entry) => {
    if (entry.includes('=')) return [entry]
    const value = own[entry]
    return value === undefined ? [] : [`${entry}=${value}`]
  })
}

/** `true` or `false`. */
export function parseSwitch(text: string): boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  throw new InvalidArgumentError('Give true or false.')
}

/** `NAME=value`; `NAME` alone has an empty value, as podman has it. */
export function toLabels(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((entry) => {
      const [name = '', ...value] = entry.split('=')
      return [name, value.join('=')]
    }),
  )
}
