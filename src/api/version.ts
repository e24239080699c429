import { readFileSync } from 'node:fs'

/** The version in runchart's package.json. */
export function packageVersion(): string {
  return versionIn(packageFolder()) ?? 'unknown'
}

/** The folder of runchart's package.json, wherever this file was compiled to. */
export function packageFolder(): URL {
  let folder = new URL('../', import.meta.url)
  while (versionIn(folder) === undefined) {
    const parent = new URL('../', folder)
    if (parent.href === folder.href) break
    folder = parent
  }
  return folder
}

function versionIn(folder: URL): string | undefined {
  try {
    const text = readFileSync(new URL('package.json', folder), 'utf8')
    const { name, version } = JSON.parse(text) as { name?: string; version?: string }
    return name === 'runchart' ? version : undefined
  } catch {
    return undefined
  }
}
