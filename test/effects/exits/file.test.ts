import { readdirSync } from 'node:fs'
import { chown, mkdir, readdir, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ExitFileError } from '../../../effects/errors.ts'
import {
  idOfExitFile,
  listExitFiles,
  readExitFile,
  removeExitFile,
  removeHalfExitFiles,
  removeStrangeFile,
  wasOomKilled,
} from '../../../effects/exits/file.ts'
import { runProgram } from '../../../effects/program/program.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

describe('readExitFile', () => {
  it.each([
    ['0', 0],
    ['255', 255],
    ['137', 137],
    ['-1', -1],
    ['7\n', 7],
  ])('reads %j', async (text, code) => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'web')
    await writeFile(path, text)
    await utimes(path, 1, 1_700_000_000.5)
    expect(readExitFile(directory.path, 'web')).toEqual({ code, finishedAt: '2023-11-14T22:13:20.500Z' })
  })

  it.each([
    ['', 'empty'],
    ['256', 'no number from -1 to 255 but "256"'],
    ['-2', 'no number'],
    ['1e2', 'no number'],
    ['0x7', 'no number'],
    ['1 2', 'no number'],
    ['٣', 'no number'],
    ['x', 'no number from -1 to 255 but "x"'],
    ['0'.repeat(33), 'too large, 33 bytes'],
  ])('refuses %j: %s', async (text, why) => {
    await using directory = await temporaryDirectory()
    await writeFile(join(directory.path, 'web'), text)
    expect(() => readExitFile(directory.path, 'web')).toThrow(ExitFileError)
    expect(() => readExitFile(directory.path, 'web')).toThrow(why)
  })

  it('follows no link, and neither blocks nor stumbles over what is no file', async () => {
    await using directory = await temporaryDirectory()
    const at = (name: string) => join(directory.path, name)
    await writeFile(at('real'), '0')
    await symlink(at('real'), at('link'))
    await mkdir(at('dir'))
    await runProgram({ path: '/usr/bin/mkfifo', args: [at('fifo')], env: {}, timeoutMs: 30_000 })
    expect(() => readExitFile(directory.path, 'link')).toThrow('a symbolic link')
    expect(() => readExitFile(directory.path, 'dir')).toThrow('a directory')
    expect(() => readExitFile(directory.path, 'fifo')).toThrow('no regular file')
  })

  it('finds nothing where there is nothing, and looks nowhere else', async () => {
    await using directory = await temporaryDirectory()
    expect(readExitFile(directory.path, 'web')).toBeUndefined()
    expect(readExitFile(join(directory.path, 'nowhere'), 'web')).toBeUndefined()
    expect(() => readExitFile(directory.path, '../web')).toThrow('cannot be a container')
  })

  it('believes no file of another user, nor one behind a link to another directory', async () => {
    await using directory = await temporaryDirectory()
    const at = (name: string) => join(directory.path, name)
    await mkdir(at('other'))
    await writeFile(join(at('other'), 'web'), '0')
    await symlink(at('other'), at('exits'))
    expect(readExitFile(at('exits'), 'web')).toBeUndefined()
    await chown(join(at('other'), 'web'), 1234, 1234)
    expect(() => readExitFile(at('other'), 'web')).toThrow("user 1234's")
  })

  it('says that it could not read, rather than that there is nothing to believe', async () => {
    await using directory = await temporaryDirectory()
    await writeFile(join(directory.path, 'web'), '7')
    const module = new URL('../../../effects/exits/file.ts', import.meta.url)
    const code = `import { openSync, closeSync } from 'node:fs'
      import { readExitFile } from ${JSON.stringify(module)}
      const taken = []
      try { for (;;) taken.push(openSync('/dev/null')) } catch {}
      let refused
      try { readExitFile('${directory.path}', 'web') } catch (error) { refused = error }
      for (const fd of taken) closeSync(fd)
      console.log(refused.code, '/', refused.hint, '/', readExitFile('${directory.path}', 'web').code)`
    const args = ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, '--input-type=module', '-e', code]
    const run = await runProgram({ path: '/bin/sh', args, env: {}, timeoutMs: 30_000 })
    expect(run).toMatchObject({
      stdout: 'EEXITS / raise the limit of open files (ulimit -n) / 7\n',
      exitCode: 0,
    })
  })
})

describe('the exits directory', () => {
  it('is listed without what is no exit file, and with what is about to be one', async () => {
    await using directory = await temporaryDirectory()
    for (const name of ['web', 'db.1', 'web.Ab12cd', '.hidden'])
      await writeFile(join(directory.path, name), '0')
    const listed = listExitFiles(directory.path).toSorted((a, b) => a.name.localeCompare(b.name))
    expect(listed).toEqual([
      { name: 'db.1', id: 'db.1', isHalf: false },
      { name: 'web', id: 'web', isHalf: false },
      { name: 'web.Ab12cd', id: 'web', isHalf: true },
    ])
    expect(listExitFiles(join(directory.path, 'nowhere'))).toEqual([])
    expect(idOfExitFile('web.Ab12cd')).toBeUndefined()
  })

  it('loses a file that is removed, twice', async () => {
    await using directory = await temporaryDirectory()
    await writeFile(join(directory.path, 'web'), '0')
    removeExitFile(directory.path, 'web')
    removeExitFile(directory.path, 'web')
    expect(listExitFiles(directory.path)).toEqual([])
  })

  it('loses a file that is nobody’s only where it may be an exit file', async () => {
    await using directory = await temporaryDirectory()
    const at = (name: string) => join(directory.path, name)
    await writeFile(at('exit'), '137')
    await writeFile(at('letter'), 'Dear Sir or Madam, this is longer than any exit code')
    await mkdir(at('data'))
    const removed = ['exit', 'letter', 'data', 'nothing'].filter((name) =>
      removeStrangeFile(directory.path, name),
    )
    expect(removed).toEqual(['exit'])
    expect(readdirSync(directory.path).toSorted()).toEqual(['data', 'letter'])
  })

  it('is left alone behind a link', async () => {
    await using directory = await temporaryDirectory()
    const at = (name: string) => join(directory.path, name)
    await mkdir(at('other'))
    await writeFile(join(at('other'), 'web'), '0')
    await symlink(at('other'), at('exits'))
    expect(listExitFiles(at('exits'))).toEqual([])
    removeExitFile(at('exits'), 'web')
    expect(removeStrangeFile(at('exits'), 'web')).toBe(false)
    expect(readdirSync(at('other'))).toEqual(['web'])
  })
})

describe('half an exit file', () => {
  it('of one id is removed, and nothing else', async () => {
    await using directory = await temporaryDirectory()
    const names = ['c1.AB12cd', 'c1', 'c1.x.AB12cd', 'c10.AB12cd', 'c1.AB12c']
    for (const name of names) await writeFile(join(directory.path, name), '0')
    removeHalfExitFiles(directory.path, 'c1')
    expect((await readdir(directory.path)).sort()).toEqual(names.slice(1).sort())
    removeHalfExitFiles(join(directory.path, 'nowhere'), 'c1')
  })
})

describe('wasOomKilled', () => {
  it("looks for conmon's marker", async () => {
    await using directory = await temporaryDirectory()
    expect(wasOomKilled(directory.path)).toBe(false)
    await writeFile(join(directory.path, 'oom'), '')
    expect(wasOomKilled(directory.path)).toBe(true)
  })
})
