import { existsSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ProgramError, RuntimeError } from '../../../effects/errors.ts'
import { createLimiter } from '../../../effects/process/limiter.ts'
import { createRuntime } from '../../../effects/runtime/runtime.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'
import { held, openLab } from '../lab.ts'

const SIGKILL = 9

/** A runtime that is a script. */
async function scripted(dir: string, text: string, timeoutMs?: number) {
  const path = join(dir, 'scripted')
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
  return createRuntime({ path, root: join(dir, 'root'), limit: createLimiter(), timeoutMs })
}

describe(TEST_RUNTIME, () => {
  it('is led through a life', async () => {
    await using lab = await openLab(['sleep', '300'])
    const { runtime, id } = lab
    expect(await runtime.list()).toEqual([])
    const { process: first, lifeline } = await lab.create()
    expect(await runtime.list()).toEqual([id])
    await runtime.start(id)
    expect(await runtime.state(id)).toEqual({
      id,
      status: 'running',
      pid: first.pid,
      bundle: lab.options.bundle,
    })
    await runtime.pause(id)
    expect(await runtime.state(id)).toMatchObject({ status: 'paused' })
    await runtime.resume(id)
    await runtime.kill(id, SIGKILL, { all: true })
    await held(lifeline.ended)
    expect(await runtime.state(id)).toMatchObject({ status: 'stopped' })
    await runtime.delete(id)
    expect(await runtime.state(id)).toBeUndefined()
    expect(await runtime.list()).toEqual([])
  })

  it('is asked once for many', async () => {
    await using directory = await temporaryDirectory()
    const asked = join(directory.path, 'asked')
    const states = Array.from({ length: 20 }, (_, n) => ({
      id: `c${n}`,
      status: 'running',
      pid: n + 2,
      bundle: '/b',
    }))
    const runtime = await scripted(
      directory.path,
      `echo "$3 $4" >> ${asked}
      [ $3 = list ] && echo '${JSON.stringify(states)}' && exit
      echo '{"id":"'$4'","status":"paused","pid":1,"bundle":"/b"}'`,
    )
    const all = [...states.map(({ id }) => id), 'half-made']
    const found = await Promise.all(all.map((id) => runtime.state(id)))
    expect(found.slice(0, -1)).toEqual(states)
    expect(found.at(-1)).toMatchObject({ id: 'half-made', status: 'paused' })
    expect(readFileSync(asked, 'utf8')).toBe('list --format\nstate half-made\n')
  })

  it('is asked for each where its list is none, and for few', async () => {
    await using directory = await temporaryDirectory()
    const asked = join(directory.path, 'asked')
    const runtime = await scripted(
      directory.path,
      `echo "$3" >> ${asked}
      [ $3 = list ] && echo no list && exit
      echo '{"id":"'$4'","status":"paused","pid":1,"bundle":"/b"}'`,
    )
    const many = await Promise.all(Array.from({ length: 4 }, (_, n) => runtime.state(`c${n}`)))
    expect(many.map((state) => state?.id)).toEqual(['c0', 'c1', 'c2', 'c3'])
    await Promise.all([runtime.state('c0'), runtime.state('c1')])
    expect(readFileSync(asked, 'utf8')).toBe(`list\n${'state\n'.repeat(6)}`)
  })

  it('is let go once nobody of the many waits for it any more', async () => {
    await using directory = await temporaryDirectory()
    const pidFile = join(directory.path, 'pid')
    const runtime = await scripted(directory.path, `echo $$ > ${pidFile}; exec sleep 1000`)
    const givesUp = Array.from({ length: 5 }, () => new AbortController())
    const asked = givesUp.map(({ signal }, n) => runtime.state(`c${n}`, { signal }))
    const outcome = Promise.allSettled(asked)
    await expect.poll(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8')).toMatch(/^\d+\n$/)
    for (const each of givesUp) each.abort(new Error('enough'))
    expect((await outcome).map(({ status }) => status)).toEqual(Array(5).fill('rejected'))
    expect(existsSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}`)).toBe(false)
  })

  it('says of a dead container that it does not run, and of a missing one that it is not there', async () => {
    await using lab = await openLab(['true'])
    const { runtime, id } = lab
    const { lifeline } = await lab.create()
    await runtime.start(id)
    await held(lifeline.ended)
    const dead = expect.objectContaining({ failure: 'not-running', containerId: id })
    await expect(runtime.kill(id, SIGKILL)).rejects.toThrow(dead)
    await expect(runtime.start(id)).rejects.toThrow(dead)
    await expect(runtime.pause(id)).rejects.toThrow(dead)
    await runtime.delete(id)
    await runtime.delete(id)
    await runtime.delete(id, { force: true })
    const absent = expect.objectContaining({ failure: 'not-found' })
    await expect(runtime.kill(id, SIGKILL)).rejects.toThrow(absent)
    await expect(runtime.start(id)).rejects.toThrow(absent)
  })

  it('refuses to delete a running container, in its own words', async () => {
    await using lab = await openLab(['sleep', '300'])
    await lab.create()
    await lab.runtime.start(lab.id)
    const refused = lab.runtime.delete(lab.id)
    await expect(refused).rejects.toThrow(RuntimeError)
    await expect(refused).rejects.toThrow(`${TEST_RUNTIME} delete ${lab.id}: `)
    await expect(refused).rejects.toThrow(
      /that is not stopped: running|is not in `created` or `stopped` state/,
    )
  })

  it('clears away a half-made container', async () => {
    await using lab = await openLab(['true'])
    await mkdir(join(lab.runtime.root, lab.id), { recursive: true })
    expect(await lab.runtime.list()).toEqual([lab.id])
    expect(await lab.runtime.state(lab.id)).toBeUndefined()
    await lab.runtime.delete(lab.id, { force: true })
    expect(await lab.runtime.list()).toEqual([])
  })
})

describe('a runtime', () => {
  it.each([
    ['echo nonsense', 'its answer is no JSON: "nonsense\\n"'],
    ['echo []', 'no JSON object'],
    ['echo \'{"id":"a","status":"melting","bundle":"/b"}\'', 'unknown status "melting"'],
    ['echo \'{"id":"a","status":"running","pid":-4,"bundle":"/b"}\'', 'the pid -4'],
    ['echo \'{"status":"running","pid":4}\'', 'lacks an id'],
    ['echo oh dear >&2; exit 1', 'scripted state a: oh dear'],
    ['exit 4', 'exit code 4, no message'],
    ['kill -9 $$', 'ended by SIGKILL'],
  ])('that does %s is quoted', async (text, words) => {
    await using directory = await temporaryDirectory()
    const state = (await scripted(directory.path, text)).state('a')
    await expect(state).rejects.toThrow(RuntimeError)
    await expect(state).rejects.toThrow(words)
  })

  it('that hangs is killed, and its failure says so', async () => {
    await using directory = await temporaryDirectory()
    const start = (await scripted(directory.path, 'exec sleep 300', 200)).start('a')
    await expect(start).rejects.toThrow(expect.objectContaining({ failure: 'timed-out' }))
    await expect(start).rejects.toThrow(/scripted start a: it was not done after \d+ ms/)
  })

  it('gives up when aborted', async () => {
    await using directory = await temporaryDirectory()
    const runtime = await scripted(directory.path, 'exec sleep 300')
    const stop = new AbortController()
    const start = runtime.start('a', { signal: stop.signal })
    setImmediate(() => stop.abort(new Error('enough')))
    await expect(start).rejects.toThrow('enough')
  })

  it('that is missing is a ProgramError', async () => {
    const runtime = createRuntime({ path: '/nonexistent/runc', root: '/nonexistent', limit: createLimiter() })
    await expect(runtime.start('a')).rejects.toThrow(ProgramError)
    expect(await runtime.list()).toEqual([])
  })

  it('lists no hidden directory and no file', async () => {
    await using directory = await temporaryDirectory()
    const runtime = await scripted(directory.path, 'exit 1')
    for (const name of ['one', '.cache']) await mkdir(join(runtime.root, name), { recursive: true })
    await writeFile(join(runtime.root, 'file'), '')
    expect(await runtime.list()).toEqual(['one'])
  })
})
