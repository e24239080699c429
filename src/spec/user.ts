import { quote } from '../../effects/quote.ts'
import { InvalidInputError } from '../errors.ts'
import { resolveInRoot } from './files/rooted.ts'
import { readSmallFile } from './files/small-file.ts'
import type { SpecUser } from './types.ts'

/** The largest passwd or group file that is read, in bytes. */
const MAX_DATABASE_SIZE = 16 * 1024 * 1024

/** The highest number the kernel and the runtimes both take. */
const MAX_ID = 2 ** 31 - 1

interface Account {
  name: string
  uid: number
  gid: number
}

interface Group {
  name: string
  gid: number
  members: string[]
}

/**
 * Whom `uid`, `uid:gid`, `name`, `name:group` or a mix of them means in a root file system. A number needs no
 * entry there. Where no group is given, the account's own group and those that list it as a member are taken,
 * and gid 0 for a number without an account.
 *
 * @throws InvalidInputError
 */
export async function resolveUser(user: string, rootfs: string): Promise<SpecUser> {
  const [userPart = '', groupPart, ...rest] = user.split(':')
  if (userPart === '' || groupPart === '' || rest.length > 0) {
    throw invalid(user, 'it is not USER or USER:GROUP')
  }
  const account = await findAccount(user, userPart, rootfs)
  const uid = account?.uid ?? parseId(user, userPart)
  if (groupPart !== undefined) {
    return { uid, gid: await findGroup(user, groupPart, rootfs), additionalGids: [] }
  }
  const gid = account?.gid ?? 0
  return { uid, gid, additionalGids: await memberships(account, gid, rootfs) }
}

async function findAccount(user: string, part: string, rootfs: string): Promise<Account | undefined> {
  const accounts = parseAccounts(await readDatabase(rootfs, 'etc/passwd'))
  const named = accounts.find(({ name }) => name === part)
  if (named !== undefined) return named
  if (!isNumber(part)) throw invalid(user, `/etc/passwd in the root file system has no ${quote(part)}`)
  return accounts.find(({ uid }) => uid === Number(part))
}

async function findGroup(user: string, part: string, rootfs: string): Promise<number> {
  const groups = parseGroups(await readDatabase(rootfs, 'etc/group'))
  const named = groups.find(({ name }) => name === part)
  if (named !== undefined) return named.gid
  if (!isNumber(part)) throw invalid(user, `/etc/group in the root file system has no ${quote(part)}`)
  return parseId(user, part)
}

async function memberships(account: Account | undefined, gid: number, rootfs: string): Promise<number[]> {
  if (account === undefined) return []
  const groups = parseGroups(await readDatabase(rootfs, 'etc/group'))
  const gids = groups.filter(({ members }) => members.includes(account.name)).map((group) => group.gid)
  return [...new Set(gids)].filter((other) => other !== gid)
}

/** A root file system without the file, or with something else in its place, has no accounts. */
async function readDatabase(rootfs: string, path: string): Promise<string> {
  try {
    return await readSmallFile(await resolveInRoot(rootfs, path), MAX_DATABASE_SIZE)
  } catch {
    return ''
  }
}

function parseAccounts(text: string): Account[] {
  return rows(text).flatMap(([name = '', , uid = '', gid = '']) =>
    name !== '' && isId(uid) && isId(gid) ? [{ name, uid: Number(uid), gid: Number(gid) }] : [],
  )
}

function parseGroups(text: string): Group[] {
  return rows(text).flatMap(([name = '', , gid = '', members = '']) =>
    name !== '' && isId(gid) ? [{ name, gid: Number(gid), members: members.split(',') }] : [],
  )
}

function rows(text: string): string[][] {
  return text.split('\n').map((line) => line.trim().split(':'))
}

function parseId(user: string, part: string): number {
  if (!isId(part)) throw invalid(user, `${quote(part)} is not a number from 0 to ${MAX_ID}`)
  return Number(part)
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text)
}

function isId(text: string): boolean {
  return isNumber(text) && Number(text) <= MAX_ID
}

function invalid(user: string, reason: string): InvalidInputError {
  return new InvalidInputError(`invalid user ${quote(user)}: ${reason}`, {
    hint: "give uid, uid:gid, or names that stand in the root file system's /etc/passwd and /etc/group",
  })
}
