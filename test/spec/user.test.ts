import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InvalidInputError } from '../../src/errors.ts'
import { resolveUser } from '../../src/spec/user.ts'
import { type TemporaryDirectory, temporaryDirectory } from '../fixtures/temporary.ts'

const PASSWD = `root:x:0:0:root:/root:/bin/sh
# a comment
broken
bob:x:1000:100:Bob:/home/bob:/bin/sh
huge:x:99999999999:0::/:
12:x:40:40::/:
`
const GROUP = `root:x:0:
users:x:100:bob
audio:x:29:alice,bob
video:x:44:bob
`

let directory: TemporaryDirectory
let rootfs: string

beforeAll(async () => {
  directory = await temporaryDirectory()
  rootfs = await makeRoot('rootfs', PASSWD, GROUP)
})

afterAll(async () => {
  await directory[Symbol.asyncDispose]()
})

async function makeRoot(name: string, passwd: string, group: string): Promise<string> {
  const path = join(directory.path, name)
  await mkdir(join(path, 'etc'), { recursive: true })
  await writeFile(join(path, 'etc/passwd'), passwd)
  await writeFile(join(path, 'etc/group'), group)
  return path
}

describe('a user', () => {
  it.each([
    ['root', { uid: 0, gid: 0, additionalGids: [] }],
    ['bob', { uid: 1000, gid: 100, additionalGids: [29, 44] }],
    ['1000', { uid: 1000, gid: 100, additionalGids: [29, 44] }],
    ['bob:audio', { uid: 1000, gid: 29, additionalGids: [] }],
    ['bob:7', { uid: 1000, gid: 7, additionalGids: [] }],
    ['5', { uid: 5, gid: 0, additionalGids: [] }],
    ['5:6', { uid: 5, gid: 6, additionalGids: [] }],
    ['5:video', { uid: 5, gid: 44, additionalGids: [] }],
    ['12', { uid: 40, gid: 40, additionalGids: [] }],
    ['2147483647', { uid: 2147483647, gid: 0, additionalGids: [] }],
  ])('%j is found', async (user, found) => {
    expect(await resolveUser(user, rootfs)).toEqual(found)
  })

  it.each([
    ['nobody-here', 'no "nobody-here"'],
    ['bob:nogroup', '/etc/group in the root file system has no "nogroup"'],
    ['-1', 'has no "-1"'],
    ['2147483648', 'not a number from 0 to 2147483647'],
    ['1:2147483648', 'not a number from 0 to 2147483647'],
    ['huge', 'has no "huge"'],
    ['', 'not USER or USER:GROUP'],
    [':5', 'not USER or USER:GROUP'],
    ['5:', 'not USER or USER:GROUP'],
    ['1:2:3', 'not USER or USER:GROUP'],
  ])('%j is refused, since %s', async (user, reason) => {
    const refusal = resolveUser(user, rootfs)
    await expect(refusal).rejects.toThrow(InvalidInputError)
    await expect(refusal).rejects.toThrow(reason)
  })

  it('given as a number needs no passwd file', async () => {
    const bare = join(directory.path, 'bare')
    await mkdir(bare)
    expect(await resolveUser('3:4', bare)).toEqual({ uid: 3, gid: 4, additionalGids: [] })
    await expect(resolveUser('root', bare)).rejects.toThrow('has no "root"')
  })
})

describe('the passwd file of a root file system', () => {
  it('is found through a link as the container sees it', async () => {
    const linked = await makeRoot('linked', '', GROUP)
    await mkdir(join(linked, 'usr/share'), { recursive: true })
    await writeFile(join(linked, 'usr/share/passwd'), PASSWD)
    await rm(join(linked, 'etc/passwd'))
    await symlink('/usr/share/passwd', join(linked, 'etc/passwd'))
    expect(await resolveUser('bob', linked)).toMatchObject({ uid: 1000 })
  })

  it.each([
    ['an absolute one', (outside: string) => outside],
    ['one that climbs', (outside: string) => `../../../../../../../..${outside}`],
  ])('never lies outside of it, not through %s', async (name, target) => {
    const outside = join(directory.path, 'outside-passwd')
    await writeFile(outside, 'spy:x:66:66::/:\n')
    const escaping = await makeRoot(`escaping ${name}`, '', GROUP)
    await rm(join(escaping, 'etc/passwd'))
    await symlink(target(outside), join(escaping, 'etc/passwd'))
    await expect(resolveUser('spy', escaping)).rejects.toThrow('has no "spy"')
  })

  it('may sit in a loop of links, and then has no accounts', async () => {
    const looping = await makeRoot('looping', '', '')
    await rm(join(looping, 'etc/passwd'))
    await symlink('passwd', join(looping, 'etc/passwd'))
    await expect(resolveUser('bob', looping)).rejects.toThrow('has no "bob"')
  })
})
