/** Errors as the owner's API answers with them. */
import type { FastifySchemaValidationError } from 'fastify/types/schema.js'
import {
  IllegalTransitionError,
  InvalidInputError,
  RunchartError,
  RuntimeError,
  WaitTimeoutError,
} from '../errors.ts'
import type { ErrorReply } from './wire.ts'

const STATUS: Record<string, number> = {
  EINPUT: 400,
  ETOKEN: 401,
  EORIGIN: 403,
  ENOTFOUND: 404,
  ENOROUTE: 404,
  ENAMETAKEN: 409,
  EPORT: 409,
  EILLEGALTRANSITION: 409,
  EREMOVED: 410,
  ECLOSED: 503,
  ESTOPTIMEOUT: 504,
  EWAITTIMEOUT: 504,
}

/** The status and the body that tell of an error. */
export function toErrorReply(error: unknown): { status: number; reply: ErrorReply } {
  if (error instanceof RunchartError) {
    return { status: STATUS[error.code] ?? 500, reply: { error: describe(error) } }
  }
  const { message, statusCode } = error as { message?: string; statusCode?: number }
  // The framework's own refusals: broken JSON, a body too large, a media type other than JSON.
  if (statusCode !== undefined && statusCode < 500) {
    return { status: statusCode, reply: { error: describe(new InvalidInputError(message ?? 'bad request')) } }
  }
  const name = error instanceof Error ? error.name : 'Error'
  return { status: 500, reply: { error: { name, code: 'EINTERNAL', message: message ?? String(error) } } }
}

function describe(error: RunchartError): ErrorReply['error'] {
  return {
    name: error.name,
    code: error.code,
    message: error.message,
    ...(error.hint !== undefined && { hint: error.hint }),
    ...(error.containerId !== undefined && { containerId: error.containerId }),
    ...(error instanceof IllegalTransitionError && {
      state: error.state,
      event: error.event,
      allowed: [...error.allowed],
    }),
    ...(error instanceof WaitTimeoutError && { state: error.state, awaited: error.awaited }),
    ...(error instanceof RuntimeError && { failure: error.failure }),
  }
}

/** Says in one line what is wrong with a request. `part` is `body`, `querystring` or `params`. */
export function toInputError(errors: FastifySchemaValidationError[], part: string): InvalidInputError {
  // Where a body may be left out, the complaint that it is not null says nothing.
  const error = errors.find((one) => one.params.type !== 'null' && one.keyword !== 'anyOf') ?? errors[0]
  const where = part === 'querystring' ? 'query' : part
  if (error === undefined) return new InvalidInputError(`the request's ${where} is not valid`)
  const path = error.instancePath.split('/').filter(Boolean).join('.')
  const what = path === '' ? '' : `${path} `
  return new InvalidInputError(`the request's ${where}: ${what}${complaint(error)}`)
}

function complaint({ keyword, params, message }: FastifySchemaValidationError): string {
  if (keyword === 'additionalProperties') return `has an unknown property "${params.additionalProperty}"`
  if (keyword === 'enum') return `must be true or false`
  if (keyword === 'pattern') {
    return String(params.pattern).includes('.') ? 'must be a number, not below 0' : 'must be a whole number'
  }
  return message ?? 'is not valid'
}
