import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { NoQuery } from '../api/schemas.ts'
import { RunchartError } from '../errors.ts'

const TOKEN_BYTES = 32
const SESSION_PATH = '/session'
const LOOPBACK_NAMES = ['127.0.0.1', 'localhost', '[::1]']

/** Who may ask what of the inspector. */
export interface Guard {
  /** What whoever may use the inspector knows. */
  readonly token: string
  /** Paths that need no token: nothing in them is worth one. */
  readonly open: ReadonlySet<string>
  /** The port that is listened on, once it is known. */
  port: number
}

/** A guard with a token that nobody knows yet. */
export function makeGuard(open: readonly string[]): Guard {
  return { token: randomBytes(TOKEN_BYTES).toString('base64url'), open: new Set(open), port: 0 }
}

/**
 * Refuses whoever does not have the token, and whoever has been led here by another name or another page: a name that
 * is made to point at this machine (DNS rebinding) is not one of its own.
 */
export function addGuard(app: FastifyInstance, guard: Guard): void {
  app.addHook('onRequest', async (request) => {
    assertHost(request, guard)
    assertOrigin(request)
    const [path = ''] = request.url.split('?')
    const isOpen = guard.open.has(path) || path === SESSION_PATH
    if (!isOpen && !hasToken(request, guard)) throw noToken()
  })
  addSession(app, guard)
}

/** Changes the token into a cookie that no script can read, and that goes to no other site. */
function addSession(app: FastifyInstance, guard: Guard): void {
  app.post<{ Body: { token: string } }>(
    SESSION_PATH,
    { schema: { querystring: NoQuery, body: Type.Object({ token: Type.String({ maxLength: 256 }) }) } },
    (request, reply) => {
      if (!isSame(request.body.token, guard.token)) throw noToken()
      const cookie = `${cookieName(guard)}=${guard.token}; HttpOnly; SameSite=Strict; Path=/`
      return reply.header('set-cookie', cookie).code(204).send()
    },
  )
}

function assertHost({ headers: { host } }: FastifyRequest, { port }: Guard): void {
  const own = LOOPBACK_NAMES.map((name) => `${name}:${port}`)
  // A browser leaves out the port that http has by itself.
  if (port === 80) own.push(...LOOPBACK_NAMES)
  if (host !== undefined && own.includes(host)) return
  throw new RunchartError('EORIGIN', `the inspector is not at ${host ?? 'a host without a name'}`, {
    hint: `ask for it at 127.0.0.1:${port}`,
  })
}

function assertOrigin({ headers: { origin, host } }: FastifyRequest): void {
  if (origin === undefined || origin === `http://${host}`) return
  throw new RunchartError('EORIGIN', `the inspector does not answer pages of ${origin}`)
}

function hasToken({ headers: { authorization, cookie } }: FastifyRequest, guard: Guard): boolean {
  const [, bearer] = /^Bearer (.+)$/.exec(authorization ?? '') ?? []
  return [bearer, cookieOf(cookie, cookieName(guard))].some((given) => isSame(given ?? '', guard.token))
}

/** Cookies know no ports: each inspector of this machine has a name of its own. */
const cookieName = ({ port }: Guard): string => `runchart-inspector-${port}`

function cookieOf(header: string | undefined, name: string): string | undefined {
  const pairs = (header ?? '').split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** How long it takes says nothing of where they differ. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(token))
}

const noToken = (): RunchartError =>
  new RunchartError('ETOKEN', 'the inspector needs its token', {
    hint: 'open the address that `runchart serve --inspect` has printed',
  })
