import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** What a package is called, and the text under which it may be copied. */
interface Licence {
  name: string
  version: string
  text: string
}

/**
 * The licences of the packages that these files are of, as one text: each asks to be copied along.
 *
 * @throws Error where a package has none
 */
export async function licencesOf(files: readonly string[]): Promise<string> {
  const folders = new Set(
    files.flatMap((file) => /^(.*\bnode_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []),
  )
  const licences = await Promise.all([...folders].sort().map(readLicence))
  return licences
    .map(({ name, version, text }) => `${name} ${version}\n\n${text.trim()}\n`)
    .join(`\n${'-'.repeat(78)}\n\n`)
}

async function readLicence(folder: string): Promise<Licence> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const file = (await readdir(folder)).find((one) => /^licen[cs]e(\.(md|txt))?$/i.test(one))
  if (file !== undefined) return { name, version, text: await readFile(join(folder, file), 'utf8') }
  if (license === undefined) throw new Error(`${name} ${version} does not say under which licence it is`)
  return { name, version, text: `Licence: ${license}` }
}
