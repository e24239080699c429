import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { pino } from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { removeCgroup } from '../../../effects/cgroup/directories.ts'
import { readHierarchies } from '../../../effects/cgroup/hierarchies.ts'
import { InvalidInputError } from '../../../src/errors.ts'
import type { CreateOptions, EngineOptions } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'
import { script } from '../../fixtures/programs.ts'
import { makeBundle } from '../../fixtures/rootfs.ts'

let place: TestPlace
beforeAll(async () => {
  place = await testPlace()
})
afterAll(() => place[Symbol.asyncDispose]())

/** One of the hierarchies, or the only one. */
const cgroupRoot = readHierarchies()[0]?.mountPoint ?? '/nonexistent'
const FOREVER = 'trap "exit 0" TERM; while :; do sleep 0.05; done'

/** What a process was started with. */
const argvOf = (pid: number | null) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
const envOf = (pid: number | null) => readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
const read = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)

describe("the engine's options", () => {
  test('reach conmon', async () => {
    await using engine = await place.open({
      conmonEnv: { EXTRA: 'a b', PATH: '/evil' },
      logSizeMax: 50_000,
      noPivot: true,
      logger: pino({ level: 'debug' }, new Writable({ write: (_chunk, _encoding, done) => done() })),
    })
    await using container = await place.sh(engine, FOREVER)
    await container.start()
    const { monitorPid } = container.inspect()
    const argv = argvOf(monitorPid)
    expect(argv).toEqual(expect.arrayContaining(['--no-pivot', '--log-size-max', '50000', '--syslog']))
    expect(argv[argv.indexOf('--log-level') + 1]).toBe('debug')
    expect(envOf(monitorPid)).toContain('EXTRA=a b')
    expect(envOf(monitorPid)).not.toContain('PATH=/evil')
    await container.remove({ force: true })
  })

  test('a log does not outgrow its largest size', async () => {
    await using engine = await place.open({ logSizeMax: 20_000 })
    await using container = await place.sh(engine, 'seq 20000')
    await container.start()
    await container.wait()
    expect(statSync(container.inspect().logPath).size).toBeLessThanOrEqual(20_000)
    expect(readFileSync(container.inspect().logPath, 'utf8')).toMatch(/ 20000\n$/)
    await container.remove()
  })
})

describe('an exit command', () => {
  test('is run with its arguments after each exit, and does not hold anything up', async () => {
    const told = join(place.path, 'told')
    const note = script(place.path, 'note', `sleep "$2"; echo "$1 $#" >>"${told}"`)
    await using engine = await place.open()
    await using container = await place.sh(engine, 'exit 3', { exitCommand: [note, 'a b', '0', ''] })
    await container.start()
    expect((await container.wait()).code).toBe(3)
    await expect.poll(() => read(told)).toBe('a b 3\n')
    await expect.poll(() => container.state).toBe('exited')
    await container.start()
    await expect.poll(() => read(told)).toBe('a b 3\na b 3\n')
    await container.remove({ force: true })
    expect(place.leftovers()).toEqual([])
  })

  test('that takes its time is let be, and its cgroup goes when it has ended', async () => {
    const [go, told] = [join(place.path, 'go'), join(place.path, 'slow')]
    // It ends by itself should the test not get as far as to let it go.
    const slow = script(
      place.path,
      'slow-note',
      `for _ in $(seq 500); do [ -e ${go} ] && break; sleep 0.02; done; echo x >${told}`,
    )
    await using engine = await place.open()
    await using container = await place.sh(engine, 'true', { exitCommand: [slow] })
    const cgroup = join(cgroupRoot, `runchart-conmon-${container.id}`)
    await container.start()
    await container.wait()
    await expect.poll(() => container.state).toBe('exited')
    await container.remove()
    expect(existsSync(cgroup)).toBe(true)
    script(place.path, 'go', '')
    await expect.poll(() => read(told)).toBe('x\n')
    await expect.poll(() => existsSync(cgroup)).toBe(false)
    expect(place.leftovers()).toEqual([])
  })

  test('needs no engine', async () => {
    const told = join(place.path, 'alone')
    const note = script(place.path, 'note-alone', `echo done >${told}`)
    await using first = await place.open()
    const { id } = await place.sh(first, FOREVER, { exitCommand: [note] })
    await first.get(id).start()
    const { pid } = first.get(id).inspect()
    await first.close()
    process.kill(pid ?? 0, 'SIGKILL')
    await expect.poll(() => read(told)).toBe('done\n')
    await using second = await place.open()
    expect(second.get(id).inspect()).toMatchObject({ state: 'exited', exitCode: 137 })
    await second.get(id).remove()
  })
})

describe("conmon's pid file", () => {
  test('has its number while it lives, and is gone afterwards', async () => {
    const path = join(place.path, 'conmon.pid')
    await using engine = await place.open()
    await using container = await place.sh(engine, FOREVER, { conmonPidFile: path })
    expect(readFileSync(path, 'utf8')).toBe(`${container.inspect().monitorPid}\n`)
    await container.start()
    await container.stop()
    await expect.poll(() => container.state).toBe('exited')
    expect(existsSync(path)).toBe(false)
  })

  test('that cannot be written fails the create, of which nothing is left', async () => {
    const path = join(place.path, 'directory-in-the-way')
    await using engine = await place.open()
    mkdirSync(path)
    const creation = place.sh(engine, 'true', { conmonPidFile: path })
    await expect(creation).rejects.toMatchObject({ code: 'EPIDFILE' })
    rmdirSync(path)
    expect(engine.snapshot().containers).toEqual([])
    expect(place.leftovers()).toEqual([])
  })
})

test.for([
  [{ exitCommand: [] }, 'exit command '],
  [{ exitCommand: ['notify'] }, 'exit command notify'],
  [{ exitCommand: ['/bin/true', 'a\0'] }, 'exit command'],
  [{ conmonPidFile: 'conmon.pid' }, 'pid file of conmon "conmon.pid"'],
  [{ conmonPidFile: '/nonexistent/conmon.pid' }, '/nonexistent/conmon.pid'],
  [{ cgroupParent: 'relative' }, 'parent of the cgroup "relative"'],
  [{ cgroupParent: '/a/../..' }, 'parent of the cgroup'],
  [{ cgroupParent: 'ci.slice' }, 'parent of the cgroup "ci.slice"'],
  [{ reservePorts: 'yes' }, 'reservePorts "yes"'],
] as unknown as [CreateOptions, string][])('%j is refused, and nothing is made', async ([options, words]) => {
  await using engine = await place.open()
  const creation = place.sh(engine, 'true', options)
  await expect(creation).rejects.toThrow(InvalidInputError)
  await expect(creation).rejects.toThrow(words)
  expect(engine.snapshot().containers).toEqual([])
})

describe("conmon's cgroup", () => {
  const cgroupsOf = (pid: number | null) =>
    readFileSync(`/proc/${pid}/cgroup`, 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.replace(/^\d+:[^:]*:/, ''))

  test('is beside its container, in every hierarchy, and goes with the run', async () => {
    await using engine = await place.open()
    const parent = `/runchart-test-parent-${process.pid}`
    await using container = await place.sh(engine, FOREVER, { cgroupParent: parent })
    await container.start()
    const { pid, monitorPid } = container.inspect()
    expect(new Set(cgroupsOf(monitorPid))).toEqual(new Set([`${parent}/runchart-conmon-${container.id}`]))
    expect(cgroupsOf(pid)).toContain(`${parent}/runchart-${container.id}`)
    const made = join(cgroupRoot, parent, `runchart-conmon-${container.id}`)
    expect(existsSync(made)).toBe(true)
    await container.stop()
    await expect.poll(() => container.state).toBe('exited')
    expect(existsSync(made)).toBe(false)
    await container.start()
    expect(existsSync(made)).toBe(true)
    await container.remove({ force: true })
    expect(existsSync(made)).toBe(false)
    await removeCgroup(readHierarchies(), parent)
  })

  test('is removed after a create that failed', async () => {
    await using engine = await place.open()
    const ids = new Set<string>()
    engine.events.subscribe(({ containerId }) => {
      if (containerId !== null) ids.add(containerId)
    })
    await expect(engine.create({ rootfs: place.rootfs, command: ['nosuch'] })).rejects.toThrow('nosuch')
    const [id] = ids
    expect(id).toBeDefined()
    expect(existsSync(join(cgroupRoot, `runchart-conmon-${id}`))).toBe(false)
  })
})

describe('a failed move of conmon', () => {
  test('is warned of, and the container lives', async () => {
    const lines: string[] = []
    const sink = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const logger = pino({ level: 'warn' }, sink)
    // No systemd here: conmon's scope cannot be made. The runtime does without it, as far as it is told.
    const options: EngineOptions = { cgroupManager: 'systemd', runtime: withoutSystemd(), logger }
    await using engine = await place.open(options)
    const bundle = await systemdlessBundle()
    await using container = await engine.create({ bundle })
    await container.start()
    expect((await container.wait()).code).toBe(0)
    const warned = lines.filter((line) => line.includes('conmon could not be moved'))
    expect(warned).toHaveLength(1)
    expect(JSON.parse(warned[0] ?? '{}').err.message).toMatch(/busctl|D-Bus/)
    await container.remove()
  })

  function withoutSystemd(): string {
    const body = `for word in "$@"; do
  shift
  [ "$word" = --systemd-cgroup ] || set -- "$@" "$word"
done
exec /usr/sbin/runc "$@"`
    return script(place.path, 'runc-without-systemd', body)
  }

  async function systemdlessBundle(): Promise<string> {
    return makeBundle(join(place.path, 'bundle'), { args: ['true'], rootfs: place.rootfs })
  }
})

test("a service manager's socket is handed to conmon, and to no verb of the runtime but create and start", async () => {
  const seen = join(place.path, 'seen')
  const note = `for word in "$@"; do
  case $word in create | start | kill | delete | state) echo "$word \${NOTIFY_SOCKET-none}" >>${seen} ;; esac
done
unset NOTIFY_SOCKET
exec /usr/sbin/runc "$@"`
  const runtime = script(place.path, 'runc-that-notes', note)
  process.env.NOTIFY_SOCKET = '/run/notify-test'
  await using engine = await place.open({ runtime })
  delete process.env.NOTIFY_SOCKET
  await using container = await place.sh(engine, FOREVER)
  expect(envOf(container.inspect().monitorPid)).toContain('NOTIFY_SOCKET=/run/notify-test')
  await container.start()
  await container.remove({ force: true })
  const lines = readFileSync(seen, 'utf8').trim().split('\n')
  expect(lines).toContain('create /run/notify-test')
  expect(lines).toContain('start /run/notify-test')
  expect(lines.filter((line) => !line.endsWith('none'))).toHaveLength(2)
})
