/** The OpenAPI document, made from the routes themselves. */
import type { TSchema } from 'typebox'
import type { Content, Documentation } from './documentation.ts'
import { EngineEvent } from './shapes/events.ts'
import { ErrorReply } from './shapes/replies.ts'

/** JSON of the document. */
type Json = Record<string, unknown>

/** What is known of a route. */
export interface DescribedRoute {
  method: string
  /** With parameters as the framework writes them: `/v1/containers/:ref`. */
  url: string
  params?: TSchema | undefined
  querystring?: TSchema | undefined
  body?: TSchema | undefined
  documentation?: Documentation | undefined
}

/** The document of some routes. Its version is that of the paths, not that of the package. */
export function openApiDocument(routes: readonly DescribedRoute[]): Json {
  const components = new Components()
  const paths: Record<string, Json> = {}
  for (const route of routes) {
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}')
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, components) }
  }
  components.refer(EngineEvent)
  const error = { description: 'It failed', ...content({ schema: ErrorReply }, components) }
  return {
    openapi: '3.1.1',
    info: {
      title: 'runchart',
      version: '1',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        "The API on the unix socket of a root's owner. Within /v1 replies may gain properties and events types. The " +
        'header `runchart-seq` of each answer is the number of the newest event.',
    },
    servers: [{ url: 'http://runchart', description: 'Any host: the socket is what is connected to' }],
    security: [],
    paths,
    components: { responses: { Error: error }, schemas: components.schemas },
  }
}

function operation(
  { params, querystring, body, documentation }: DescribedRoute,
  components: Components,
): Json {
  const { id, summary, description, body: unchecked, replies = {} } = documentation ?? {}
  const taken: Partial<Content> | undefined = unchecked ?? (body && { schema: body })
  const { anyOf = [] } = (body ?? {}) as { anyOf?: Json[] }
  const optional = anyOf.some(({ type }) => type === 'null')
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    parameters: [...parameters('path', params, components), ...parameters('query', querystring, components)],
    ...(taken && { requestBody: { required: !optional, ...words(taken), ...content(taken, components) } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(replies).map(([status, reply]) => [
          status,
          { ...words(reply), ...content(reply, components) },
        ]),
      ),
      default: { $ref: '#/components/responses/Error' },
    },
  }
}

function parameters(place: 'path' | 'query', schema: TSchema | undefined, components: Components): Json[] {
  const { properties = {}, required = [] } = (schema ?? {}) as {
    properties?: Record<string, TSchema>
    required?: string[]
  }
  return Object.entries(properties).map(([name, one]) => {
    const { description, ...rest } = components.refer(one)
    return {
      name,
      in: place,
      required: required.includes(name),
      ...(description !== undefined && { description }),
      ...(Array.isArray(rest.enum) && rest.enum.includes('') && { allowEmptyValue: true }),
      schema: rest,
    }
  })
}

function words({ description }: Partial<Content>): Json {
  return description === undefined ? {} : { description }
}

function content(
  { type = 'application/json', schema, line }: Partial<Content>,
  components: Components,
): Json {
  if (line !== undefined) {
    const lines = { type: 'string', 'x-line': components.refer(line) }
    return { content: { [type]: { schema: lines } } }
  }
  return schema === undefined ? {} : { content: { [type]: { schema: components.refer(schema) } } }
}

/** The schemas that have names, each written once, where it is met first. */
class Components {
  readonly schemas: Record<string, Json> = {}

  /** A schema as the document has it: what has a name is referred to. */
  refer(schema: TSchema): Json {
    const { $id: name, ...rest } = schema as Json & { $id?: string }
    if (name === undefined) return this.#copy(rest)
    this.schemas[name] ??= this.#copy(rest)
    return { $ref: `#/components/schemas/${name}` }
  }

  #copy({ patternProperties, ...schema }: Json): Json {
    const copied = Object.entries(schema).map(([key, value]) => [key, this.#value(value)])
    // A record of any names is one of `additionalProperties` to whoever generates code.
    const [any] = Object.values(patternProperties ?? {})
    return { ...Object.fromEntries(copied), ...(any && { additionalProperties: this.#value(any) }) }
  }

  #value(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#value(one))
    return typeof value === 'object' && value !== null ? this.refer(value as TSchema) : value
  }
}
