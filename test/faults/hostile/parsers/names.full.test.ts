import { join } from 'node:path'
import fc from 'fast-check'
import { describe, test } from 'vitest'
import { cgroupDirectory } from '../../../../effects/cgroup/directories.ts'
import { containerCgroupsPath, monitorPlacement } from '../../../../effects/cgroup/placement.ts'
import { quote } from '../../../../effects/quote.ts'
import { isContainerId, validId } from '../../../../effects/runtime/argv.ts'
import { InvalidInputError, RunchartError } from '../../../../src/errors.ts'
import { newId, validateId, validateName } from '../../../../src/spec/names.ts'
import { parseSignal, signalName } from '../../../../src/spec/signals.ts'
import { hostileText, mutated } from '../mutations.ts'
import { claim, holdsForAll, isPresentable, outcomeOf } from '../property.ts'

const names = fc.oneof(
  { weight: 4, arbitrary: mutated(fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,130}$/)) },
  { weight: 1, arbitrary: fc.integer({ min: 120, max: 140 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: hostileText },
)
const ids = fc.oneof(
  { weight: 4, arbitrary: mutated(fc.stringMatching(/^[0-9a-f]{32}$/)) },
  { weight: 1, arbitrary: hostileText },
)
/** What a caller without types may hand over. */
const anything = fc.oneof(
  { weight: 3, arbitrary: names },
  { weight: 1, arbitrary: fc.anything({ withNullPrototype: true, withBigInt: true, maxDepth: 1 }) },
)

/** Whether it can be a file's name, an argument and a part of a URL, and is nothing else anywhere. */
function isHarmless(text: string): boolean {
  return (
    join('/a/b', text) === `/a/b/${text}` &&
    encodeURIComponent(text) === text &&
    /^[^-.]/.test(text) &&
    !/[\s*?[\]{}$`'"\\;&|<>()!~#%=:,/]|\p{Cc}/u.test(text)
  )
}

/** Whether an error is about input, says what to do, and can be shown. */
function isInputError(error: unknown): boolean {
  if (!(error instanceof RunchartError) || error.code !== 'EINPUT') return false
  return isPresentable(error.message.replaceAll('…', '')) && (error.hint ?? '') !== ''
}

describe('a name', () => {
  test('of a container can be nothing else, or is refused', () => {
    holdsForAll({
      input: 'hostile container name',
      held: 'harmless in file names, arguments and URLs, or EINPUT',
      cases: anything,
      check(name) {
        const valid = outcomeOf(() => validateName(name as string))
        if (valid instanceof Error)
          claim(valid instanceof InvalidInputError && isInputError(valid), 'it is refused')
        else
          claim(valid === name && valid.length <= 128 && isHarmless(valid), 'it is harmless, and as it was')
        return valid instanceof Error ? 'refused' : 'taken'
      },
    })
  })

  test('of letters, digits and some signs is taken as it is', () => {
    holdsForAll({
      input: 'every kind of good name',
      held: 'taken as it is',
      cases: fc.stringMatching(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/),
      check: (name) => claim(validateName(name) === name && isContainerId(name), 'it is taken'),
    })
  })
})

describe('an id', () => {
  test('is one that the engine makes, or is refused', () => {
    holdsForAll({
      input: 'hostile container id',
      held: '32 digits, or EINPUT',
      cases: fc.oneof(ids, anything, fc.constant(0).map(newId)),
      check(id) {
        const valid = outcomeOf(() => validateId(id as string))
        const digits =
          typeof id === 'string' &&
          id.length === 32 &&
          [...id].every((digit) => '0123456789abcdef'.includes(digit))
        if (valid instanceof Error) claim(isInputError(valid) && !digits, 'it is refused')
        else claim(valid === id && digits, 'it is taken as it is')
        return valid instanceof Error ? 'refused' : 'taken'
      },
    })
  })

  test('that reaches a program can be no flag and no path, or is refused', () => {
    holdsForAll({
      input: 'hostile id for a program',
      held: 'harmless as argument and file name, or EINPUT',
      cases: fc.oneof(names, ids),
      check(id) {
        const valid = outcomeOf(() => validId(id))
        claim(isContainerId(id) === (valid === id), 'both ways to ask agree')
        if (valid instanceof Error) claim(isInputError(valid), 'it is refused')
        else claim(isHarmless(valid), 'it is harmless')
        return valid instanceof Error ? 'refused' : 'taken'
      },
    })
  })
})

test('a signal is one that the kernel has, or is refused', () => {
  const words = fc.oneof(
    mutated(fc.constantFrom('SIGTERM', 'term', 'KILL', 'SIGRTMIN+3', 'RTMAX-1', 'SIGRTMAX', '15', '64')),
    fc.integer({ min: -5, max: 70 }).map(String),
    hostileText,
  )
  holdsForAll({
    input: 'hostile signal',
    held: 'a number from 1 to 64, or EINPUT',
    cases: fc.oneof(words, fc.double(), fc.integer({ min: -5, max: 70 }), fc.anything({ maxDepth: 1 })),
    check(input) {
      const signal = outcomeOf(() => parseSignal(input as string))
      if (signal instanceof Error) {
        claim(signal instanceof InvalidInputError && (signal.hint ?? '') !== '', 'it is refused')
        claim(isPresentable(signal.message.replaceAll('…', '')), 'the message is text')
        return 'refused'
      }
      claim(Number.isInteger(signal) && signal >= 1 && signal <= 64, 'it is in range')
      const name = signalName(signal)
      claim(name !== null && parseSignal(name) === signal, 'its name means the same')
      return 'taken'
    },
  })
})

test('whatever is quoted in a message stays one line of plain text within bounds', () => {
  holdsForAll({
    input: 'hostile text in a message',
    held: 'one line of plain text within bounds',
    cases: fc.oneof(hostileText, fc.string({ unit: 'binary', maxLength: 400 }), anything),
    check(input) {
      const shown = quote(input)
      claim(/^[\x20-\x7e]*(… \(\d+ characters\))?$/.test(shown), 'it is plain')
      claim(shown.length <= 300, 'it is short')
      const isShort = typeof input === 'string' && !shown.includes('…')
      if (isShort) claim(JSON.parse(shown) === input, 'a short one is all there')
    },
  })
})

test('a cgroup’s path leads nowhere but into the hierarchy', () => {
  const part = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom('..', '.', '', 'ci', 'a.slice') },
    { weight: 1, arbitrary: hostileText },
  )
  const paths = fc.array(part, { maxLength: 8 }).map((parts) => parts.join('/'))
  const id = 'f'.repeat(32)
  holdsForAll({
    input: 'hostile cgroupsPath',
    held: 'below the mount point of its hierarchy',
    cases: fc.oneof(
      paths,
      paths.map((path) => `/${path}`),
    ),
    check(path) {
      const placed = monitorPlacement('cgroupfs', id, path)
      const all = [path, containerCgroupsPath('cgroupfs', id, path)]
      if (placed?.manager === 'cgroupfs') all.push(placed.path)
      for (const each of all) {
        const directory = cgroupDirectory({ mountPoint: '/sys/fs/cgroup/pids' }, each)
        claim(join(directory, '/') === join(directory.replace(/\/*$/, '/')), 'it is in normal form')
        claim(`${directory}/`.startsWith('/sys/fs/cgroup/pids/'), 'it is in the hierarchy')
        claim(!directory.split('/').includes('..'), 'and stays there')
      }
    },
  })
})
