import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { ExitFileError, RunchartError } from '../../../../effects/errors.ts'
import { idOfExitFile, listExitFiles, readExitFile, removeExitFile } from '../../../../effects/exits/file.ts'
import { temporaryDirectory } from '../../../fixtures/temporary.ts'
import { hostileText, mutated } from '../mutations.ts'
import { claim, holdsForAll, isPresentable, outcomeOf } from '../property.ts'

/** Every text that conmon can have written, and its code. */
const WRITTEN = new Map(Array.from({ length: 257 }, (_, index) => [String(index - 1), index - 1]))

const contents = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...WRITTEN.keys()) },
  { weight: 4, arbitrary: mutated(fc.integer({ min: -300, max: 1_300 }).map(String)) },
  { weight: 1, arbitrary: hostileText },
)

const names = fc.oneof(
  { weight: 3, arbitrary: mutated(fc.stringMatching(/^[0-9a-f]{12}(\.[A-Z0-9]{6})?$/)) },
  { weight: 1, arbitrary: hostileText },
)

/** Written without the pattern that is tested: what can be no flag, no path, no hidden file and no pattern. */
function isPlain(id: string): boolean {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  const [first, ...rest] = id
  if (first === undefined || id.length > 128 || !letters.includes(first)) return false
  return rest.every((character) => `${letters}_.-`.includes(character))
}

/** In memory: a hundred thousand files are written, and a disk has others to serve. */
async function exitsDirectory(): Promise<string> {
  if (existsSync('/dev/shm')) vi.stubEnv('TMPDIR', '/dev/shm')
  onTestFinished(() => void vi.unstubAllEnvs())
  const directory = await temporaryDirectory()
  onTestFinished(() => directory[Symbol.asyncDispose]())
  writeFileSync(join(directory.path, 'another'), '7')
  return directory.path
}

describe('an exit file', () => {
  test('is a code that conmon wrote, or an ExitFileError, whatever is in it', async () => {
    const dir = await exitsDirectory()
    const path = join(dir, 'web')
    holdsForAll({
      input: 'hostile exit file',
      held: 'a code from -1 to 255, or EEXITFILE',
      cases: contents,
      check(text) {
        writeFileSync(path, text)
        const read = outcomeOf(() => readExitFile(dir, 'web'))
        if (read instanceof Error) {
          claim(read instanceof ExitFileError && read.containerId === 'web', 'it is the documented error')
          claim(!WRITTEN.has(text), 'what conmon writes is read')
          claim(isPresentable(read.message), 'its message is text')
          return 'refused'
        }
        claim(read !== undefined, 'there is a file')
        const { code, finishedAt } = read
        claim(Number.isInteger(code) && code >= -1 && code <= 255 && !Object.is(code, -0), 'it is in range')
        claim(/^-?\d+$/.test(text.trim()) && Number(text) === code, 'nothing else was there')
        claim(new Date(finishedAt).toISOString() === finishedAt, 'it has its time')
        if (WRITTEN.has(text)) claim(WRITTEN.get(text) === code, 'it is what conmon wrote')
        return 'taken'
      },
    })
    expect(readdirSync(dir).sort()).toEqual(['another', 'web'])
  })

  test('is named by an id alone, and removing it removes nothing else', async () => {
    const dir = await exitsDirectory()
    holdsForAll({
      input: 'hostile name of an exit file',
      held: 'an id, or nothing of ours; nothing else is removed',
      cases: names.filter((name) => name !== 'another'),
      check(name) {
        const id = idOfExitFile(name)
        claim(id === undefined || id === name, 'it is given back as it is')
        claim(id === undefined || isPlain(name), 'it can be a file name and an argument')
        if (!isPlain(name)) {
          const error = outcomeOf(() => removeExitFile(dir, name))
          claim(error instanceof RunchartError && error.code === 'EINPUT', 'no other is removed')
        } else if (id !== undefined) {
          writeFileSync(join(dir, id), '3')
          removeExitFile(dir, id)
          claim(!existsSync(join(dir, id)), 'it is removed')
        }
        return id === undefined ? 'refused' : 'taken'
      },
    })
    expect(readdirSync(dir)).toEqual(['another'])
    expect(listExitFiles(dir)).toEqual([{ name: 'another', id: 'another', isHalf: false }])
  })
})
