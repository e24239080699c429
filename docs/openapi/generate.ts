/** Writes what the owner's API says of itself: `npm run openapi`. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import { buildApi } from '../../src/api/build.ts'
import { openSimulatedEngine } from '../../src/testing/index.ts'

/** The document, as the API of any engine answers with it. */
export async function openApiText(): Promise<string> {
  await using world = await openSimulatedEngine()
  const { signal } = new AbortController()
  const app = buildApi({ engine: world.engine, leaving: signal, closing: signal }, pino({ level: 'silent' }))
  const { body } = await app.inject('/v1/openapi.json')
  await app.close()
  return `${JSON.stringify(JSON.parse(body), null, 2)}\n`
}

if (import.meta.main) await writeFile(join(import.meta.dirname, '../openapi.json'), await openApiText())
