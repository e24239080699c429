import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ProgramError } from '../../../effects/errors.ts'
import { findProgram, programVersion } from '../../../effects/runtime/find.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

async function program(dir: string, name: string, script: string, mode = 0o755): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, `#!/bin/sh\n${script}\n`)
  await chmod(path, mode)
  return path
}

describe('findProgram', () => {
  it('gives the first executable file of that name', async () => {
    await using directory = await temporaryDirectory()
    const dirs = ['a', 'b', 'c', 'd'].map((name) => join(directory.path, name))
    const [a = '', b = '', c = '', d = ''] = dirs
    for (const dir of [a, b, c]) await mkdir(dir)
    await mkdir(join(a, 'tool'))
    await program(b, 'tool', '', 0o644)
    await program(c, 'tool', '')
    expect(findProgram('tool', [d, a, b, c])).toBe(join(c, 'tool'))
  })

  it('finds what is installed', () => {
    expect(findProgram('sh')).toMatch(/^\/.*\/sh$/)
  })

  it('names the package of what is missing', () => {
    expect(() => findProgram('conmon', ['/nonexistent'])).toThrow(ProgramError)
    expect(() => findProgram('conmon', ['/nonexistent'])).toThrow('conmon is in none of /nonexistent')
    expect(() => findProgram('/nonexistent/crun')).toThrow(
      expect.objectContaining({ hint: 'install it: apt-get install crun' }),
    )
  })

  it.each([
    ['/etc', 'is a directory'],
    ['/etc/passwd', 'is not executable'],
    ['/nonexistent', 'does not exist'],
    ['/dev/null', 'is no regular file'],
    ['bin/runc', 'neither'],
    ['', 'neither'],
  ])('says of %j that it %s', (path, why) => {
    expect(() => findProgram(path)).toThrow(why)
  })
})

describe('programVersion', () => {
  it.each([
    ['conmon', 'conmon', 'echo "conmon version 2.1.6"; echo commit: unknown', '2.1.6'],
    ['runc', 'runtime', 'echo "runc version 1.1.5+ds1"; echo spec: 1.0.2-dev', '1.1.5+ds1'],
    ['crun', 'runtime', 'echo "crun version 1.8.1"; echo spec: 1.0.0', '1.8.1'],
    ['another', 'runtime', 'echo "another version v0.5.0"; echo spec: 1.0.0', '0.5.0'],
  ] as const)('reads that of %s', async (name, expected, script, version) => {
    await using directory = await temporaryDirectory()
    const path = await program(directory.path, name, script)
    expect(await programVersion(path, { expected })).toBe(version)
  })

  it.each([
    ['conmon', 'echo "conmon version 1.9.9"', 'conmon 1.9.9; at least 2.0.0'],
    ['runtime', 'echo "runc version 1.0.0-rc93"; exit 1', 'not an OCI runtime'],
    ['runtime', 'echo "runc version 0.1.1"; echo spec: 1.0.0', 'runc 0.1.1; at least 1.0.0'],
    ['conmon', 'echo "runc version 1.1.5"', 'is not conmon'],
    ['runtime', 'echo "conmon version 2.1.6"', 'is not an OCI runtime'],
    ['runtime', 'echo "true (GNU coreutils) 9.1"', 'is not an OCI runtime'],
    ['runtime', 'echo "no option" >&2; exit 2', 'no option'],
  ] as const)('of %s refuses: %s', async (expected, script, why) => {
    await using directory = await temporaryDirectory()
    const path = await program(directory.path, 'program', script)
    await expect(programVersion(path, { expected })).rejects.toThrow(why)
  })

  it('knows the installed ones', async () => {
    expect(await programVersion(findProgram('conmon'), { expected: 'conmon' })).toMatch(/^2\./)
    expect(await programVersion(findProgram('runc'), { expected: 'runtime' })).toMatch(/^1\./)
  })
})
