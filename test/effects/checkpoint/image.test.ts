import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  criuWords,
  isFree,
  isImage,
  makeImageDirectory,
  removeImage,
  replaceImage,
} from '../../../effects/checkpoint/image.ts'
import { ProgramError } from '../../../effects/errors.ts'
import { findCheckpointing } from '../../../effects/runtime/checkpointing.ts'
import { script } from '../../fixtures/programs.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

describe('the directory of an image', () => {
  it('is its owner’s alone, and empty where it is made anew', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'a/image')
    makeImageDirectory(path, { anew: false })
    expect(statSync(path).mode & 0o777).toBe(0o700)
    writeFileSync(join(path, 'old'), '')
    makeImageDirectory(path, { anew: true })
    expect(readdirSync(path)).toEqual([])
  })

  it('is an image once it has an inventory, and free while it has nothing', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'image')
    expect([isFree(path), isImage(path)]).toEqual([true, false])
    mkdirSync(path)
    expect([isFree(path), isImage(path)]).toEqual([true, false])
    writeFileSync(join(path, 'inventory.img'), '')
    expect([isFree(path), isImage(path)]).toEqual([false, true])
    expect(isFree(join(path, 'inventory.img'))).toBe(false)
  })

  it('takes the place of the last', async () => {
    await using directory = await temporaryDirectory()
    const [fresh, path] = [join(directory.path, 'new'), join(directory.path, 'image')]
    for (const [where, name] of [
      [fresh, 'second'],
      [path, 'first'],
    ] as const) {
      mkdirSync(where)
      writeFileSync(join(where, name), '')
    }
    replaceImage(fresh, path)
    expect(readdirSync(path)).toEqual(['second'])
    expect(isFree(fresh)).toBe(true)
    removeImage(path)
    expect(isFree(path)).toBe(true)
  })
})

describe('what CRIU says', () => {
  it('is its first error but those that it gets over', async () => {
    await using directory = await temporaryDirectory()
    const log = [
      "(00.034837) Error (criu/util.c:1533): rlimit: Can't setup RLIMIT_NOFILE for self: Operation not permitted",
      'Error (criu/util.c:641): execvp("iptables-restore", ...) failed: No such file or directory',
      '(00.138860) Error (criu/util.c:656): exited, status=1',
      '(00.139830) Error (criu/net.c:3282): net: Locking network failed',
      '(00.144579) Error (criu/cr-dump.c:2111): Dumping FAILED.',
    ]
    writeFileSync(join(directory.path, 'dump.log'), log.join('\n'))
    expect(criuWords(directory.path, 'dump.log')).toBe('Error (criu/net.c:3282): net: Locking network failed')
    expect(criuWords(directory.path, 'restore.log')).toBeUndefined()
  })
})

describe('what a checkpoint needs', () => {
  it('is a runtime that has the verb, and CRIU', async () => {
    await using directory = await temporaryDirectory()
    const able = script(directory.path, 'able', '[ "$1 $2" = "checkpoint --help" ]')
    const unable = script(directory.path, 'unable', 'echo unknown command >&2; exit 1')
    const criu = script(directory.path, 'criu', 'exit 0')
    expect(await findCheckpointing(able, criu)).toBe(criu)
    await expect(findCheckpointing(unable, criu)).rejects.toThrow(
      expect.objectContaining({ message: `unable (${unable}) cannot checkpoint`, hint: expect.any(String) }),
    )
    await expect(findCheckpointing(able, '/nonexistent/criu')).rejects.toThrow(ProgramError)
  })
})
