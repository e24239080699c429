import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'

const MAIN = join(import.meta.dirname, '../main.ts')

/** What CommonJS packages call, and modules do not have. */
const REQUIRE = `import { createRequire as requireFrom } from 'node:module';
const require = requireFrom(import.meta.url);`

/**
 * Puts the command line, with the packages that it uses, into a few files in a directory: a verb spends more time on
 * finding and loading hundreds of files than on its work. What only some verbs need stays apart, and is loaded by them.
 */
export async function bundleCli(directory: string): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: [MAIN],
    outdir: directory,
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    banner: { js: REQUIRE },
    // It has a binary for each platform.
    external: ['koffi'],
    legalComments: 'none',
    metafile: true,
  })
  return metafile
}
