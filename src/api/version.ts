import { readFileSync } from 'node:fs'

/** The version in runchart's package.json, wherever this file was compiled to. */
export function packageVersion(): string {
  let folder = new URL('../', import.meta.url)
  for (;;) {
    const version = versionIn(new URL('package.json', folder))
    if (version !== undefined) return version
    const parent = new URL('../', folder)
    if (parent.href === folder.href) return 'unknown'
    folder = parent
  }
}

function versionIn(file: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(file, 'utf8')) as { name?: string; version?: string }
    return name === 'runchart' ? version : undefined
  } catch {
    return undefined
  }
}
