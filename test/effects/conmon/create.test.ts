import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { chmod, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { findMonitor, killMonitor } from '../../../effects/conmon/create.ts'
import { openLifeline } from '../../../effects/conmon/lifeline.ts'
import { runPaths } from '../../../effects/conmon/paths.ts'
import { ProgramError, RuntimeError } from '../../../effects/errors.ts'
import { readExitFile, wasOomKilled } from '../../../effects/exits/file.ts'
import { identifyProcess, isSameProcess, signalProcess } from '../../../effects/process/identity.ts'
import { runProgram } from '../../../effects/program/program.ts'
import { TEST_RUNTIME } from '../../fixtures/programs.ts'
import { held, openLab, processesNaming } from '../lab.ts'

const failure = (kind: string) => expect.objectContaining({ failure: kind })

describe('a container', () => {
  it('is created, started, and leaves its exit code, its log and a lifeline that ends', async () => {
    await using lab = await openLab(['sh', '-c', 'echo out; echo err >&2; exit 3'])
    const { process: first, monitor, lifeline } = await lab.create()
    expect(isSameProcess(first)).toBe(true)
    expect(findMonitor(lab.options.runDir)).toEqual(monitor)
    expect(await lab.runtime.state(lab.id)).toMatchObject({ status: 'created', pid: first.pid })

    await lab.runtime.start(lab.id)
    await held(lifeline.ended)
    expect(readExitFile(lab.options.exitsDir, lab.id)?.code).toBe(3)
    expect(readExitFile(lab.options.runDir, 'exit')?.code).toBe(3)
    expect(wasOomKilled(lab.options.runDir)).toBe(false)
    while (isSameProcess(monitor)) await delay(1)
    const log = readFileSync(lab.options.logPath, 'utf8')
    expect(log).toMatch(/ stdout F out\n/)
    expect(log).toMatch(/ stderr F err\n/)
  })

  it('is created again in the same place, without the evidence of the run before', async () => {
    await using lab = await openLab(['sh', '-c', 'exit 5'])
    const first = await lab.create()
    await lab.runtime.start(lab.id)
    await held(first.lifeline.ended)
    await lab.runtime.delete(lab.id)
    expect(readExitFile(lab.options.exitsDir, lab.id)?.code).toBe(5)

    const second = await lab.create()
    expect(readExitFile(lab.options.exitsDir, lab.id)).toBeUndefined()
    expect(second.monitor).not.toEqual(first.monitor)
    await lab.runtime.start(lab.id)
    await held(second.lifeline.ended)
    expect(readExitFile(lab.options.exitsDir, lab.id)?.code).toBe(5)
  })

  it('may have a terminal', async () => {
    await using lab = await openLab(['sh', '-c', 'tty'], { terminal: true })
    const { lifeline } = await lab.create()
    await lab.runtime.start(lab.id)
    await held(lifeline.ended)
    expect(readFileSync(lab.options.logPath, 'utf8')).toMatch(/ stdout F \/dev\/(console|pts\/0)\r\n/)
  })

  it('that ran out of memory leaves the marker of that', async () => {
    await using lab = await openLab(['sh', '-c', 'x=a; while :; do x=$x$x; done'])
    const path = join(lab.options.bundle, 'config.json')
    const spec = JSON.parse(readFileSync(path, 'utf8'))
    spec.linux.resources = { memory: { limit: 20_000_000 } }
    writeFileSync(path, JSON.stringify(spec))
    const { lifeline } = await lab.create()
    await lab.runtime.start(lab.id)
    await held(lifeline.ended)
    expect(readExitFile(lab.options.exitsDir, lab.id)?.code).toBe(137)
    expect(wasOomKilled(lab.options.runDir)).toBe(true)
  })

  it('hands neither our environment nor the lifeline to its process', async () => {
    await using lab = await openLab(['sleep', '300'])
    process.env.RUNCHART_SECRET = 'x'
    const { process: first, monitor } = await lab.create()
    delete process.env.RUNCHART_SECRET
    await lab.runtime.start(lab.id)
    while (!readFileSync(`/proc/${first.pid}/cmdline`, 'latin1').startsWith('sleep')) await delay(5)
    expect(await readdir(`/proc/${first.pid}/fd`)).toEqual(['0', '1', '2'])
    const environment = readFileSync(`/proc/${monitor.pid}/environ`, 'latin1').split('\0')
    const names = environment.filter((text) => text !== '').map((text) => text.split('=')[0])
    expect(names.toSorted()).toEqual(['CHARSET', 'HOME', 'PATH', '_OCI_STARTPIPE', '_OCI_SYNCPIPE'])
  })
})

describe('a lifeline', () => {
  it.each(['created', 'running'])('ends when conmon is killed while the container is %s', async (state) => {
    await using lab = await openLab(['sleep', '300'])
    const { process: first, monitor, lifeline } = await lab.create()
    if (state === 'running') await lab.runtime.start(lab.id)
    expect(signalProcess(monitor, 'SIGKILL')).toBe(true)
    await held(lifeline.ended)
    expect(isSameProcess(first)).toBe(true)
    expect(readExitFile(lab.options.exitsDir, lab.id)).toBeUndefined()
  })

  it('can be taken up again by another engine, and is over at once where conmon is dead', async () => {
    await using lab = await openLab(['sleep', '300'])
    const { monitor, lifeline } = await lab.create()
    lifeline.close()
    const path = runPaths(lab.options.runDir).lifeline
    const again = openLifeline(path)
    let over = false
    again?.ended.then(() => {
      over = true
    })
    await delay(20)
    expect(over).toBe(false)
    signalProcess(monitor, 'SIGKILL')
    await held(again?.ended ?? Promise.reject(new Error('no lifeline')))
    again?.close()
    await openLifeline(path)?.ended
  })
})

describe('the end of a lifeline', () => {
  it.each(Array.from({ length: 10 }, (_, round) => round))(
    'comes after the exit file, again: %i',
    async () => {
      await using lab = await openLab(['true'])
      const { lifeline } = await lab.create()
      let code: number | undefined
      const ended = lifeline.ended.then(() => {
        code = readExitFile(lab.options.exitsDir, lab.id)?.code
      })
      // Runs on in the same turn of the loop in which the end is seen.
      await lab.runtime.start(lab.id)
      await held(ended)
      expect(code).toBe(0)
    },
  )
})

describe('an engine that dies in the middle of a create', () => {
  it('leaves a conmon that completes it, and whose lifeline another engine takes up', async () => {
    await using lab = await openLab(['sleep', '300'])
    const module = new URL('../../../effects/index.ts', import.meta.url)
    const code = `import { createContainer, createLimiter } from ${JSON.stringify(module)}
      const limit = createLimiter()
      const die = () => process.kill(process.pid, 'SIGKILL')
      const beforeStart = async () => { setTimeout(die, 4) }
      await createContainer(${JSON.stringify(lab.options)}, { limit, beforeStart })`
    const args = ['--input-type=module', '-e', code]
    const engine = await runProgram({ path: process.execPath, args, env: {}, timeoutMs: 30_000 })
    expect(engine).toMatchObject({ signal: 'SIGKILL' })
    while ((await lab.runtime.state(lab.id))?.status !== 'created') await delay(5)
    const monitor = findMonitor(lab.options.runDir)
    expect(monitor).toBeDefined()
    const lifeline = openLifeline(runPaths(lab.options.runDir).lifeline)
    await lab.runtime.start(lab.id)
    await lab.runtime.kill(lab.id, 9)
    await held(lifeline?.ended ?? Promise.reject(new Error('no lifeline')))
    expect(readExitFile(lab.options.exitsDir, lab.id)?.code).toBe(137)
  })
})

describe('a create that fails', () => {
  it.each([
    ['nosuch', 'command-not-found', /executable file .*not found in \$PATH/],
    ['/bin/nosuch', 'command-not-found', /no such file or directory/i],
    ['/bin/not-executable', 'command-not-executable', /permission denied/i],
    ['/bin', 'command-not-executable', /permission denied|operation not permitted/i],
  ])('tells why %s cannot be run', async (command, kind, words) => {
    await using lab = await openLab([command])
    const create = lab.create()
    await expect(create).rejects.toThrow(failure(kind))
    await expect(create).rejects.toThrow(`${TEST_RUNTIME} create ${lab.id}: `)
    await expect(create).rejects.toThrow(words)
    expect(await processesNaming(lab.path)).toEqual([])
  })

  it('quotes the runtime where the bundle is at fault', async () => {
    await using lab = await openLab(['true'])
    await writeFile(join(lab.options.bundle, 'config.json'), '{')
    await expect(lab.create()).rejects.toThrow(failure('other'))
    await expect(lab.create()).rejects.toThrow(/unexpected (EOF|end of JSON)|error loading config\.json/)
  })

  it('says what conmon says where conmon refuses', async () => {
    await using lab = await openLab(['true'])
    await expect(lab.create({}, { bundle: '/nonexistent' })).rejects.toThrow(RuntimeError)
    await expect(lab.create({}, { logLevel: 'nonsense' })).rejects.toThrow(/nonsense/)
  })

  it('is a ProgramError where there is no conmon', async () => {
    await using lab = await openLab(['true'])
    await expect(lab.create({}, { conmonPath: '/nonexistent/conmon' })).rejects.toThrow(ProgramError)
    expect(await openLifeline(runPaths(lab.options.runDir).lifeline)?.ended).toBeUndefined()
  })

  it('is one when conmon goes without a word', async () => {
    await using lab = await openLab(['true'])
    const conmonPath = await script(lab.path, 'conmon', 'echo some trouble >&2; exit 1')
    await expect(lab.create({}, { conmonPath })).rejects.toThrow(
      `${TEST_RUNTIME} create ${lab.id}: some trouble`,
    )
    const mute = await script(lab.path, 'mute', 'exit 0')
    await expect(lab.create({}, { conmonPath: mute })).rejects.toThrow('ended without a message')
  })

  it('is one when conmon writes nonsense, however much', async () => {
    await using lab = await openLab(['true'])
    const conmonPath = await script(lab.path, 'conmon', 'head -c 10000000 /dev/zero >&4; exec sleep 300')
    await expect(lab.create({}, { conmonPath })).rejects.toThrow('conmon sent no message but')
    expect(await processesNaming(conmonPath)).toEqual([])
  })
})

describe('a create that is stopped', () => {
  it.each([0, 2, 5, 10, 15, 20, 25, 30])('after %i ms leaves neither conmon nor runtime', async (ms) => {
    await using lab = await openLab(['sleep', '300'])
    const stop = new AbortController()
    // Counted from conmon's spawn, which comes at a time of its own.
    const beforeStart = async () => {
      setTimeout(() => stop.abort(new Error('enough')), ms)
    }
    const create = lab.create({ signal: stop.signal, beforeStart })
    const outcome = await create.then(
      async () => ((await held(killMonitor(lab.options.runDir))) ? 'created' : 'conmon lives'),
      (error: Error) => error.message,
    )
    expect(['created', 'enough']).toContain(outcome)
    await lab.runtime.delete(lab.id, { force: true })
    expect(findMonitor(lab.options.runDir)).toBeUndefined()
    expect(await processesNaming(lab.options.bundle)).toEqual([])
    expect(await lab.runtime.list()).toEqual([])
    expect(existsSync(`/sys/fs/cgroup/pids/runchart-test-${lab.id}`)).toBe(false)
  })

  it('while the runtime works leaves neither of them', async () => {
    await using lab = await openLab(['true'])
    const mark = join(lab.path, 'mark')
    const runtimePath = await script(lab.path, 'slow', `sleep 300 & echo $! > ${mark}; wait`)
    const stop = new AbortController()
    const create = lab.create({ signal: stop.signal }, { runtimePath })
    create.catch(() => {})
    while (!existsSync(mark) || readFileSync(mark, 'utf8') === '') await delay(5)
    stop.abort(new Error('enough'))
    await expect(create).rejects.toThrow('enough')
    expect(await processesNaming(lab.path)).toEqual([])
    // What the runtime itself had started, such as a hook.
    while (identifyProcess(Number(readFileSync(mark, 'utf8'))) !== undefined) await delay(5)
  })

  it('by its time limit kills conmon and the runtime', async () => {
    await using lab = await openLab(['true'])
    const runtimePath = await script(lab.path, 'hanging', 'exec sleep 300')
    const create = lab.create({ timeoutMs: 300 }, { runtimePath })
    await expect(create).rejects.toThrow(failure('timed-out'))
    await expect(create).rejects.toThrow('300 ms')
    expect(await processesNaming(lab.path)).toEqual([])
  })

  it('before its turn in the queue never starts', async () => {
    await using lab = await openLab(['true'])
    await expect(lab.create({ signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before')
    expect(existsSync(runPaths(lab.options.runDir).lifeline)).toBe(false)
  })

  it('by its caller before it has begun is undone', async () => {
    await using lab = await openLab(['true'])
    let pid = 0
    const beforeStart = async (conmonPid: number) => {
      pid = conmonPid
      // For an instant after a spawn the kernel has no words of the program's yet.
      await expect.poll(() => readFileSync(`/proc/${conmonPid}/cmdline`, 'latin1')).toContain(lab.id)
      throw new Error('no such cgroup')
    }
    await expect(lab.create({ beforeStart })).rejects.toThrow('no such cgroup')
    // Nothing but what the kernel has not taken away yet.
    expect(identifyProcess(pid)).toBeUndefined()
    expect(await lab.runtime.list()).toEqual([])
  })
})

describe('killMonitor', () => {
  it('kills conmon and nothing of a container that runs', async () => {
    await using lab = await openLab(['sleep', '300'])
    const { process: first, monitor } = await lab.create()
    await lab.runtime.start(lab.id)
    expect(await held(killMonitor(lab.options.runDir))).toBe(true)
    expect(isSameProcess(monitor)).toBe(false)
    expect(isSameProcess(first)).toBe(true)
  })

  it('finds a conmon whose pid file is lost, and is no danger to whose number is in it', async () => {
    await using lab = await openLab(['sleep', '300'])
    const { monitor } = await lab.create()
    writeFileSync(runPaths(lab.options.runDir).monitorPidFile, String(process.pid))
    expect(findMonitor(lab.options.runDir)).toBeUndefined()
    expect(await held(killMonitor(lab.options.runDir))).toBe(true)
    expect(isSameProcess(monitor)).toBe(false)
  })

  it('has nothing to do where there is no lifeline, or a dead one', async () => {
    await using lab = await openLab(['true'])
    expect(await killMonitor(lab.options.runDir)).toBe(true)
    await expect(lab.create({}, { conmonPath: '/nonexistent' })).rejects.toThrow()
    expect(await killMonitor(lab.options.runDir)).toBe(true)
  })
})

async function script(dir: string, name: string, text: string): Promise<string> {
  const path = join(dir, name)
  await writeFile(path, `#!/bin/sh\n${text}\n`)
  await chmod(path, 0o755)
  expect(await readFile(path, 'utf8')).toContain(text)
  return path
}
