/** How requests are held against the schemas of their routes. */
import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv'
import type { FastifyServerOptions } from 'fastify'

type ValidatorFactory = NonNullable<
  NonNullable<NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']>['buildValidator']
>

/**
 * A request is taken as it is. The schemas are our own, so that no schema of schemas looks at them; and to optimize
 * the code for one takes longer than all requests of most owners.
 */
const OPTIONS = { validateSchema: false, code: { optimize: false } }

/** A check; where it says no, it has the reasons. */
interface Check {
  (data: unknown): boolean
  errors?: ErrorObject[] | null | undefined
}

/** Takes the place of the framework's own compilers, which are not loaded then. */
export const COMPILERS: NonNullable<FastifyServerOptions['schemaController']> = {
  compilersFactory: {
    // The framework gives the route with the schema in it, other than its types say.
    buildValidator: requestChecks as unknown as ValidatorFactory,
    // Replies have schemas in the documentation alone: they are what JSON makes of them.
    buildSerializer: () => () => JSON.stringify,
  },
}

/**
 * Compiles the check of a part of a route's requests when the first of them comes: an owner that a verb brings up
 * answers sooner by what it takes to compile them all, and of most of them there will be none.
 */
function requestChecks(): (route: { schema: object }) => Check {
  const ajv = new Ajv(OPTIONS)
  return ({ schema }) => {
    let compiled: ValidateFunction | undefined
    const check: Check = (data) => {
      compiled ??= ajv.compile(schema)
      const valid = compiled(data)
      check.errors = compiled.errors
      return valid
    }
    return check
  }
}
