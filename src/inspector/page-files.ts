import { readFile } from 'node:fs/promises'
import { packageFolder } from '../api/version.ts'

/** A file of the page, by the path that it is asked for at. */
export interface PageFile {
  path: string
  type: string
  body: Buffer
}

/** What the bundler makes, by name. */
export const BUNDLED = ['index.html', 'main.js', 'style.css'] as const

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml; charset=utf-8',
}

/** The page: as it was built where this is the package, and made anew from its sources where it is a checkout. */
export async function readPage(): Promise<PageFile[]> {
  const bundled = await readBundled()
  const chart = await readFile(new URL('docs/charts/svg/container.svg', packageFolder()))
  return [...bundled, ['container.svg', chart] as const].map(([name, body]) => ({
    path: name === 'index.html' ? '/' : `/${name}`,
    type: TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    body,
  }))
}

async function readBundled(): Promise<(readonly [string, Buffer])[]> {
  if (!import.meta.url.endsWith('.ts')) {
    const built = new URL('dist/page/', packageFolder())
    return Promise.all(BUNDLED.map(async (name) => [name, await readFile(new URL(name, built))] as const))
  }
  // No literal: the package has neither the bundler nor this file, and who builds it is not to look for them.
  const bundler = new URL('bundle/bundle.ts', import.meta.url).href
  const { bundle } = (await import(bundler)) as { bundle: () => Promise<Map<string, Buffer>> }
  return [...(await bundle())]
}
