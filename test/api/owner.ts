import { request } from 'node:http'
import pino from 'pino'
import { type OwnerOptions, type OwnerServer, serveOwner } from '../../src/api/serve.ts'
import { type Client, connectOwner } from '../../src/client/client.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'
import { FakeEngine } from './fake-engine.ts'

/** An owner over a fake engine, on a real socket. */
export interface TestOwner extends AsyncDisposable {
  engine: FakeEngine
  server: OwnerServer
  client: Client
  socketPath: string
}

export async function startOwner(idle?: OwnerOptions['idle']): Promise<TestOwner> {
  const directory = await temporaryDirectory()
  const engine = new FakeEngine(directory.path)
  const server = await serveOwner(engine, { logger: pino({ level: 'silent' }), idle })
  const client = connectOwner(server.socketPath)
  return {
    engine,
    server,
    client,
    socketPath: server.socketPath,
    async [Symbol.asyncDispose]() {
      client.close()
      await server.close()
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** One request as any HTTP client makes it. */
export function ask(
  socketPath: string,
  method: string,
  path: string,
  body?: string,
): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const call = request({ socketPath, method, path, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }),
      )
      response.on('error', reject)
    })
    call.on('error', reject)
    call.end(body)
  })
}
