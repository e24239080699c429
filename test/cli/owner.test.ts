import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cliPlace, isAlive, printed, runchart, statOf, waits } from './place.ts'

test('twenty verbs at once on a fresh root make one owner', async () => {
  await using place = await cliPlace()
  const verbs = await Promise.all(Array.from({ length: 20 }, () => place.cli('ps', '-aq')))
  for (const { exitCode, stderr } of verbs) expect(exitCode, stderr).toBe(0)
  const log = readFileSync(join(place.runRoot, 'owner.log'), 'utf8')
  const pids = new Set(
    log
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).pid),
  )
  expect([...pids]).toEqual([await place.owner()])
  expect(statSync(join(place.runRoot, 'owner.sock')).mode & 0o777).toBe(0o600)
})

test('a background owner is out of reach of the terminal, and keeps nothing of it', async () => {
  await using place = await cliPlace()
  await runchart([...place.globals, 'ps'], { SECRET: 'token' })
  const pid = await place.owner()
  const [, , group, session] = statOf(pid)
  expect({ group, session }).toEqual({ group: String(pid), session: String(pid) })
  expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toContain('SECRET')
})

test('an owner leaves when idle, not before its containers have ended, and the next verb starts another', async () => {
  await using place = await cliPlace()
  const owner = runchart([...place.globals, 'serve', '--idle-timeout', '0.5'])
  await expect.poll(() => existsSync(join(place.runRoot, 'owner.sock')), { timeout: 10_000 }).toBe(true)
  const run = await place.sh('sleep 2', '-d', '--name', 'lives')
  expect(run.exitCode).toBe(0)
  const { exitCode, stderr } = await owner
  expect(exitCode).toBe(0)
  expect(stderr).toContain('owns')
  expect(existsSync(join(place.runRoot, 'owner.sock'))).toBe(false)
  // It left after the container's end, not in the middle of it.
  const events = (await place.cli('events')).stdout
  expect(events).toContain('cleaning -> exited exit code 0')
  expect(events).not.toContain('reconciling')
})

test('an owner killed in the middle of wait: 125, what to do next, and the container lives on', async () => {
  await using place = await cliPlace()
  await place.sh('sleep 1000', '-d', '--name', 'web')
  const waiting = place.cli('wait', 'web')
  const following = place.cli('events', '-f')
  await Promise.all([printed(following, 'running'), waits(waiting, await place.owner())])
  await place.endOwner('SIGKILL')
  const { exitCode, stdout, stderr } = await waiting
  expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
  expect(stderr).toMatch(/^runchart: .*went away.*\nhint: containers live on; `runchart ps -a` .*\n$/)
  expect((await following).exitCode).toBe(125)
  expect((await place.cli('ps', '--format', 'json')).stdout).toContain('"state": "running"')
  expect((await place.cli('stop', '-t', '0', 'web')).exitCode).toBe(0)
})

test('--rm outlives its owner', async () => {
  await using place = await cliPlace()
  await place.sh('trap "exit 0" TERM; while :; do sleep 0.05; done', '-d', '--rm', '--name', 'web')
  await place.endOwner('SIGKILL')
  expect((await place.cli('kill', '-s', 'TERM', 'web')).exitCode).toBe(0)
  await expect.poll(async () => (await place.cli('ps', '-aq')).stdout, { timeout: 10_000 }).toBe('')
})

test('two terminals: Ctrl-C in one ends what runs there, and nothing of the other', async () => {
  await using place = await cliPlace()
  const loop = 'trap "exit 130" INT; echo ready; while :; do sleep 0.05; done'
  const args = ['run', '--rm', '--rootfs', place.rootfs, 'sh', '-c', loop]
  const terminals = [1, 2].map(() => runchart([...place.globals, ...args], {}, { detached: true }))
  await Promise.all(terminals.map((terminal) => printed(terminal, 'ready')))
  // As a terminal does: to every process of the foreground group.
  process.kill(-(terminals[0]?.pid ?? 0), 'SIGINT')
  expect((await terminals[0])?.exitCode).toBe(130)
  expect((await place.cli('ps', '-q')).stdout.split('\n').filter(Boolean)).toHaveLength(1)
  process.kill(-(terminals[1]?.pid ?? 0), 'SIGINT')
  expect((await terminals[1])?.exitCode).toBe(130)
})

test('serve answers in the foreground, refuses a second, and leaves on SIGTERM with containers alive', async () => {
  await using place = await cliPlace()
  const owner = runchart([...place.globals, 'serve', '--log-level', 'warn'])
  await expect.poll(() => place.owner().catch(() => undefined), { timeout: 10_000 }).toBe(owner.pid)
  await place.sh('sleep 1000', '-d', '--name', 'web')
  const second = await runchart([...place.globals, 'serve'])
  expect(second.exitCode).toBe(125)
  expect(second.stderr).toContain(String(owner.pid))
  const [{ pid }] = JSON.parse((await place.cli('inspect', 'web')).stdout)
  owner.kill('SIGTERM')
  expect(await owner).toMatchObject({ exitCode: 0, stdout: '' })
  expect(isAlive(pid)).toBe(true)
  expect((await place.cli('rm', '-f', 'web')).exitCode).toBe(0)
})

test('--embedded does without a background owner, and serves others meanwhile', async () => {
  await using place = await cliPlace()
  const script = 'trap "exit 6" TERM; echo ready; while :; do sleep 0.05; done'
  const run = ['--embedded', 'run', '--name', 'web', '--rootfs', place.rootfs, 'sh', '-c', script]
  const verb = runchart([...place.globals, ...run])
  await printed(verb, 'ready')
  expect(await place.owner()).toBe(verb.pid)
  expect((await place.cli('stop', 'web')).exitCode).toBe(0)
  expect((await verb).exitCode).toBe(6)
  expect(existsSync(join(place.runRoot, 'owner.sock'))).toBe(false)
  expect((await runchart([...place.globals, '--embedded', 'rm', 'web'])).exitCode).toBe(0)
})

test('an owner that cannot start says why to the verb that wanted it', async () => {
  await using place = await cliPlace()
  const missing = await runchart([...place.globals, '--runtime', '/nonexistent/runc', 'ps'])
  expect(missing).toMatchObject({ exitCode: 125, stdout: '' })
  expect(missing.stderr).toContain('/nonexistent/runc')
  const conmon = await runchart([...place.globals, '--conmon', '/bin/true', 'ps'])
  expect(conmon.stderr).toContain('is not conmon')
  const root = await runchart(['--root', '/proc/nosuch', '--run-root', place.runRoot, 'ps'])
  expect(root).toMatchObject({ exitCode: 125, stdout: '' })
  expect(root.stderr).toMatch(/^runchart: .*\/proc\/nosuch.*\nhint: .+\n$/)
  const runRoot = await runchart(['--root', place.root, '--run-root', '/proc/nosuch', 'ps'])
  expect(runRoot).toMatchObject({ exitCode: 125, stdout: '' })
})

test('a client verb loads commander and nothing heavier', async () => {
  await using place = await cliPlace()
  await place.cli('ps')
  const hook = `import { registerHooks } from 'node:module'
registerHooks({ resolve(specifier, context, next) {
  const found = next(specifier, context)
  if (!found.url.startsWith('node:')) process._rawDebug(found.url)
  return found
} })`
  const options = `--import data:text/javascript,${encodeURIComponent(hook)}`
  const { stderr } = await runchart([...place.globals, 'ps'], { NODE_OPTIONS: options })
  const urls = stderr.split('\n').filter((line) => line.startsWith('file:'))
  expect(urls.some((url) => url.endsWith('/src/cli/verbs/look/ps.ts'))).toBe(true)
  const packages = urls.flatMap((url) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1] ?? [])
  expect([...new Set(packages)]).toEqual(['commander'])
  expect(
    urls.filter((url) =>
      /\/src\/engine\/(?!paths)|\/machines\/|\/src\/cli\/verbs\/(?!look\/ps|act)/.test(url),
    ),
  ).toEqual([])
})
