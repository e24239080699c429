import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'

const PAGE = join(import.meta.dirname, '../page')

/** The files of the page by their names, made from its sources. */
export async function bundle(): Promise<Map<string, Buffer>> {
  const { outputFiles } = await build({
    entryPoints: [join(PAGE, 'main.tsx'), join(PAGE, 'style.css')],
    outdir: '/page',
    write: false,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
  })
  const files = outputFiles.map(
    ({ path, contents }) => [path.slice('/page/'.length), Buffer.from(contents)] as const,
  )
  return new Map([['index.html', await readFile(join(PAGE, 'index.html'))], ...files])
}
