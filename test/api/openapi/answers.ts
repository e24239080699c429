/** Holds answers of the owner's API against what its document says of them. */
import { readFileSync } from 'node:fs'
import { Errors } from 'typebox/schema'
import { expect } from 'vitest'
import { ask } from '../owner.ts'

interface Reply {
  $ref?: string
  content?: Record<string, { schema: Record<string, unknown> }>
}

interface Document {
  paths: Record<string, Record<string, { operationId: string; responses: Record<string, Reply> }>>
  components: { schemas: Record<string, object>; responses: Record<string, Reply> }
}

const file = new URL('../../../docs/openapi.json', import.meta.url)
export const document = JSON.parse(readFileSync(file, 'utf8')) as Document

/** As the document has it, and not a property more. */
const components = closed(document.components)

/** Asks, and fails where the answer is not what the document says. Gives the answer, and puts down what was asked. */
export function documentedAsker(socketPath: string, asked: Set<string>) {
  return async (method: string, path: string, body?: unknown): Promise<{ status: number; body: string }> => {
    const text = body === undefined ? undefined : JSON.stringify(body)
    const answer = await ask(socketPath, method, path, text)
    const { operationId, responses } = operationOf(method, path)
    const { status = 0 } = answer
    const described = responses[status] ?? document.components.responses.Error
    if (responses[status] === undefined) expect(status, answer.body).toBeGreaterThanOrEqual(400)
    expect({ path, problems: problemsOf(described, answer.body) }).toEqual({ path, problems: [] })
    asked.add(operationId)
    return { status, body: answer.body }
  }
}

function operationOf(method: string, path: string) {
  const [bare = ''] = path.split('?')
  const names = Object.keys(document.paths)
  // What is written out goes before what has a parameter.
  const sorted = names.toSorted((a, b) => Number(a.includes('{')) - Number(b.includes('{')))
  const found = sorted.find((name) => new RegExp(`^${name.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare))
  const operation = document.paths[found ?? '']?.[method.toLowerCase()]
  if (operation === undefined) throw new Error(`the document knows no ${method} ${path}`)
  return operation
}

/** What is wrong with a body. */
export function problemsOf(reply: Reply | undefined, body: string): unknown[] {
  const [[type, { schema }] = [undefined, { schema: {} as Record<string, unknown> }]] = Object.entries(
    reply?.content ?? {},
  )
  if (type === undefined) return body === '' ? [] : ['there is a body']
  if (type === 'application/json') return problems(schema, JSON.parse(body))
  const line = schema['x-line']
  if (line === undefined) return []
  const lines = body.split('\n').filter(Boolean)
  return lines.flatMap((text) => problems(line as object, JSON.parse(text)))
}

function problems(schema: object, value: unknown): unknown[] {
  const [, errors] = Errors({ ...closed(schema), components } as object, value)
  return errors.map(({ instancePath, message, params }) => ({ instancePath, message, params }))
}

function closed<T>(value: T): T {
  if (Array.isArray(value)) return value.map(closed) as T
  if (typeof value !== 'object' || value === null) return value
  const inside = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, closed(one)]))
  const isShape = 'properties' in value && Object.keys(value.properties as object).length > 0
  return { ...(isShape && { additionalProperties: false }), ...inside } as T
}
