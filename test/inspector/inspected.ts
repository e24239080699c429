import { request } from 'node:http'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import type { Engine } from '../../src/index.ts'
import { type InspectorServer, serveInspector } from '../../src/inspector/serve.ts'

/** The inspector of an engine, for one test. */
export async function inspected(engine: Engine, port = 0): Promise<InspectorServer> {
  const inspector = await serveInspector(engine, { logger: pino({ level: 'silent' }), port })
  onTestFinished(() => inspector.close())
  return inspector
}

/** What an inspector's address is made of. */
export function partsOf({ url }: InspectorServer): { port: number; token: string } {
  const { port, hash } = new URL(url)
  return { port: Number(port), token: hash.replace('#token=', '') }
}

export interface Asked {
  method?: string
  path?: string
  headers?: Record<string, string>
  body?: unknown
}

/** One request with just these headers, as no browser makes it. */
export function ask(port: number, { method = 'GET', path = '/v1/snapshot', headers = {}, body }: Asked) {
  const json = body === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise<{ status: number; cookie: string; body: string }>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, method, path, headers: { ...json, ...headers } })
    call.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          cookie: String(response.headers['set-cookie'] ?? ''),
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    call.on('error', reject)
    call.end(body === undefined ? undefined : JSON.stringify(body))
  })
}
