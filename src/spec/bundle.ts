import { stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { quote } from '../../effects/quote.ts'
import { InvalidInputError } from '../errors.ts'
import { assertSpecShape } from './files/shape.ts'
import { readSmallFile, UnfitFileError } from './files/small-file.ts'
import type { Spec, SpecMount } from './types.ts'

/** The largest config.json that is read, in bytes. Real ones have some 10 KiB. */
export const MAX_CONFIG_SIZE = 1024 * 1024

/**
 * Reads an OCI bundle's config.json. Paths in it that are relative to the bundle come back absolute, since
 * the engine runs a copy of it from another directory.
 *
 * @throws InvalidInputError: not a directory, no config.json or one that is a link, too large, not JSON or
 * not of a config.json's shape; no root file system
 */
export async function loadBundle(directory: string): Promise<Spec> {
  const bundle = resolve(directory)
  await assertDirectory(bundle, 'bundle', 'give the directory that holds config.json')
  const spec = parseConfig(await readConfig(bundle), join(bundle, 'config.json'))
  const rooted: Spec = {
    ...spec,
    root: { ...spec.root, path: resolve(bundle, spec.root.path) },
    ...(spec.mounts === undefined ? {} : { mounts: spec.mounts.map((mount) => rootedMount(bundle, mount)) }),
  }
  await assertDirectory(
    rooted.root.path,
    'root file system',
    `root.path in ${join(bundle, 'config.json')} is ${quote(spec.root.path)}; put the files there or change it`,
  )
  return rooted
}

/**
 * @param what as it is called in the message
 * @throws InvalidInputError where the path is no directory, or cannot be reached
 */
export async function assertDirectory(path: string, what: string, hint: string): Promise<void> {
  const facts = await stat(path).catch((error: NodeJS.ErrnoException) => {
    const reason = error.code === 'ENOENT' ? 'it does not exist' : error.message
    throw new InvalidInputError(`cannot use ${what} ${quote(path)}: ${reason}`, { hint, cause: error })
  })
  if (!facts.isDirectory()) {
    throw new InvalidInputError(`cannot use ${what} ${quote(path)}: it is not a directory`, { hint })
  }
}

async function readConfig(bundle: string): Promise<string> {
  const path = join(bundle, 'config.json')
  try {
    return await readSmallFile(path, MAX_CONFIG_SIZE)
  } catch (error) {
    throw new InvalidInputError(`cannot read ${quote(path)}: ${reasonOf(error)}`, {
      hint: 'a bundle holds a regular file config.json of at most 1 MiB; `runc spec` writes one to start from',
      cause: error,
    })
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof UnfitFileError) return error.message
  const { code, message } = error as NodeJS.ErrnoException
  return code === 'ENOENT' ? 'it does not exist' : message
}

/**
 * Reads the text of a config.json. What runchart does not know of it is kept as it is.
 *
 * @param path of the file, for the message
 * @throws InvalidInputError where it is not JSON, or not of a config.json's shape
 */
export function parseConfig(text: string, path: string): Spec {
  let value: unknown
  try {
    // A byte order mark is harmless, and some editors leave one.
    value = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    const message = (error as Error).message.replace(/[^\x20-\x7e]+/g, ' ')
    throw new InvalidInputError(`cannot read ${quote(path)}: it is not JSON: ${message}`, {
      hint: 'mend the file where the message points; `runc spec` writes one to compare with',
      cause: error,
    })
  }
  if (isDeep(value)) {
    throw new InvalidInputError(`cannot use ${quote(path)}: it is nested too deeply`, {
      hint: `at most ${MAX_DEPTH} lists and objects may be one inside the other`,
    })
  }
  assertSpecShape(value, path)
  return value
}

/** Real ones have some 6 levels; many thousands could be read, and not be copied or written again. */
const MAX_DEPTH = 256

function isDeep(value: unknown): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true
    level = level.filter((each) => typeof each === 'object' && each !== null).flatMap(Object.values)
  }
  return false
}

function rootedMount(bundle: string, mount: SpecMount): SpecMount {
  const { source } = mount
  return source === undefined || !isBind(mount) ? mount : { ...mount, source: resolve(bundle, source) }
}

function isBind({ type, options = [] }: SpecMount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind')
}
