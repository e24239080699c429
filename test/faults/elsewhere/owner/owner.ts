import { type SpawnOptionsWithStdioTuple, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'vitest'
import type { TestPlace } from '../../../fixtures/engine.ts'
import { eventually } from '../lab.ts'

/** What an owner is to run. */
export interface OwnerRequest {
  script: string
  runtime?: string
  /** Names in /proc/sys/user, in a user namespace of the owner's own. */
  limits?: Record<string, number>
}

/** An engine in a process of its own, with one container. */
export interface Owner extends AsyncDisposable {
  /** The container's. */
  readonly id: string
  /** Has it do something; see `main.ts`. */
  say(line: string): void
  /** Resolves once it has said something with these properties. */
  hears(properties: Record<string, unknown>): Promise<void>
  /** Resolves once it is gone. */
  kill(signal: NodeJS.Signals): Promise<void>
}

/** Starts an owner; resolves once its container has an id. */
export async function startOwner(place: TestPlace, request: OwnerRequest): Promise<Owner> {
  const args = [join(import.meta.dirname, 'main.ts'), JSON.stringify({ path: place.path, ...request })]
  const child = request.limits === undefined ? spawn(process.execPath, args, STDIO) : await unshared(args)
  const exited = once(child, 'exit')
  const said: Record<string, unknown>[] = []
  createInterface(child.stdout).on('line', (line) => said.push(JSON.parse(line)))
  const hears = (properties: Record<string, unknown>): Promise<void> =>
    eventually(() => said).toContainEqual(expect.objectContaining(properties))
  const kill = async (signal: NodeJS.Signals): Promise<void> => {
    child.kill(signal)
    await exited
  }
  await hears({ id: expect.any(String) })
  return {
    id: String(said.find(({ id }) => id !== undefined)?.id),
    say: (line) => void child.stdin.write(`${line}\n`),
    hears,
    kill,
    [Symbol.asyncDispose]: () => kill('SIGKILL'),
  }
}

const STDIO: SpawnOptionsWithStdioTuple<'pipe', 'pipe', 'inherit'> = { stdio: ['pipe', 'pipe', 'inherit'] }

/** Node in a user namespace in which root is root, and limits are its own. */
async function unshared(args: readonly string[]) {
  const wait = 'echo; read _; exec "$@"'
  const child = spawn('unshare', ['--user', 'sh', '-c', wait, 'sh', process.execPath, ...args], STDIO)
  await once(child.stdout, 'data')
  // Not all numbers: a runtime takes a namespace that has them all for the machine's own.
  for (const map of ['uid_map', 'gid_map']) writeFileSync(`/proc/${child.pid}/${map}`, '0 0 65536')
  child.stdin.write('\n')
  return child
}
