import { readdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Machine, makeMachine } from './machine.ts'

const INSTALL = 'apt-get install -y -qq --no-install-recommends'

let machine: Machine

beforeEach(async () => {
  machine = await makeMachine()
})

afterEach(async () => {
  await machine[Symbol.asyncDispose]()
})

describe('where nothing is missing', () => {
  it.each(['start', 'test'] as const)('%s installs nothing and says nothing', async (purpose) => {
    expect(await machine.install(purpose)).toEqual({ exitCode: 0, said: '' })
    expect(await machine.calls()).toEqual([])
  })
})

describe('on Debian or Ubuntu, as root', () => {
  it('what is missing is installed, and nothing else', async () => {
    await machine.removeProgram('conmon')
    await machine.removeProgram('runc')
    expect(await machine.install('start')).toEqual({
      exitCode: 0,
      said: 'Installing Debian packages: conmon runc …',
    })
    expect(await machine.calls()).toEqual([`${INSTALL} conmon runc`])
  })

  it('a second run finds nothing to do', async () => {
    await machine.removeProgram('conmon')
    await machine.install('start')
    await machine.calls()
    expect(await machine.install('start')).toEqual({ exitCode: 0, said: '' })
    expect(await machine.calls()).toEqual([])
  })

  it('package lists are fetched first where they do not know a package', async () => {
    await machine.removeProgram('conmon')
    await machine.removeProgram('busybox')
    await machine.addProgram('apt-cache', 'exit 100')
    expect(await machine.install('start')).toMatchObject({ exitCode: 0 })
    expect(await machine.calls()).toEqual(['apt-get update -qq', `${INSTALL} conmon busybox-static`])
  })

  it('a busybox that needs libraries is not enough', async () => {
    await machine.addProgram('ldd', 'exit 0')
    expect(await machine.install('start')).toMatchObject({ exitCode: 0 })
    expect(await machine.calls()).toEqual([`${INSTALL} busybox-static`])
  })

  it('a failure is tried again with fresh lists, then told of, with what apt-get said', async () => {
    await machine.removeProgram('conmon')
    await machine.addProgram('apt-get', 'echo E: no network; [ "$1" = update ]')
    const { exitCode, said } = await machine.install('start')
    expect(exitCode).toBe(1)
    expect(said).toContain('E: no network')
    expect(said).toContain(
      'Not installed, since apt-get could not:\n  conmon: conmon watches over each container',
    )
    expect(await machine.calls()).toEqual([`${INSTALL} conmon`, 'apt-get update -qq', `${INSTALL} conmon`])
  })

  it('apt-get asks nothing', async () => {
    await machine.removeProgram('conmon')
    await machine.addProgram(
      'apt-get',
      'echo "frontend $DEBIAN_FRONTEND"; read answer && echo "read $answer"; exit 1',
    )
    const { said } = await machine.install('start')
    expect(said).toContain('frontend noninteractive')
    expect(said).not.toContain('read ')
  })
})

describe('without root', () => {
  beforeEach(async () => {
    await machine.addProgram('id', 'echo 1000')
    await machine.removeProgram('runc')
  })

  it('the start stops with the command that root has to run', async () => {
    expect(await machine.install('start')).toEqual({
      exitCode: 1,
      said: [
        'Not installed, since only root can:',
        '  runc: runc makes the containers',
        'Install them as root: apt-get install --no-install-recommends runc',
      ].join('\n'),
    })
    expect(await machine.calls()).toEqual([])
  })

  it('the tests go on, and it is said what is left out', async () => {
    const { exitCode, said } = await machine.install('test')
    expect(exitCode).toBe(0)
    expect(said).toContain('Left out: the tests that run containers.')
  })

  it('Node packages are installed all the same', async () => {
    await rm(join(machine.checkout, 'node_modules'), { recursive: true })
    const { said } = await machine.install('start')
    expect(said).toContain('Installing the Node packages (npm ci) …')
    expect(await machine.calls()).toEqual([expect.stringMatching(/^npm ci /)])
  })
})

describe('on another distribution', () => {
  it.each([
    ['dnf', 'dnf install conmon busybox'],
    ['zypper', 'zypper install conmon busybox-static'],
    ['pacman', 'pacman -S conmon busybox'],
    ['apk', 'apk add conmon busybox-static'],
  ])('with %s its command is told', async (program, command) => {
    await machine.removeProgram('apt-get')
    await machine.removeProgram('conmon')
    await machine.removeProgram('busybox')
    await machine.addProgram(program)
    const { exitCode, said } = await machine.install('start')
    expect(exitCode).toBe(1)
    expect(said).toContain('Not installed, since this is not Debian or Ubuntu: there is no apt-get:')
    expect(said).toContain(`Install them as root: ${command}`)
    expect(await machine.calls()).toEqual([])
  })

  it('that is unknown it is told where the programs come from', async () => {
    await machine.removeProgram('apt-get')
    await machine.removeProgram('conmon')
    expect((await machine.install('start')).said).toContain('https://github.com/containers/conmon')
  })
})

describe('Node packages', () => {
  it('are installed where there are none, tests and tools included, and then no more', async () => {
    await rm(join(machine.checkout, 'node_modules'), { recursive: true })
    expect(await machine.install('test')).toEqual({
      exitCode: 0,
      said: 'Installing the Node packages (npm ci) …',
    })
    expect(await machine.calls()).toEqual(['npm ci --include=dev --no-audit --no-fund --loglevel=error'])
    expect(await machine.install('test')).toEqual({ exitCode: 0, said: '' })
  })

  it('are installed again where the lock file is another', async () => {
    await writeFile(join(machine.checkout, 'package-lock.json'), '{"changed":true}')
    await machine.install('test')
    expect(await machine.calls()).toEqual([expect.stringMatching(/^npm ci /)])
  })

  it('that npm cannot install stop everything, with what npm said', async () => {
    await rm(join(machine.checkout, 'node_modules'), { recursive: true })
    await machine.addProgram('npm', 'echo npm error network; exit 7')
    const { exitCode, said } = await machine.install('test')
    expect(exitCode).toBe(1)
    expect(said).toContain('This failed with exit code 7: npm ci')
    expect(said).toContain('npm error network')
  })

  it('without the Node that one of them should have brought stop everything, with what to do', async () => {
    await rm(join(machine.checkout, 'node_modules'), { recursive: true })
    await machine.addProgram('npm', 'mkdir -p node_modules')
    const { exitCode, said } = await machine.install('test')
    expect(exitCode).toBe(1)
    expect(said).toContain('npm rebuild node --ignore-scripts=false')
  })

  it('need npm', async () => {
    await rm(join(machine.checkout, 'node_modules'), { recursive: true })
    await machine.removeProgram('npm')
    const { exitCode, said } = await machine.install('test')
    expect(exitCode).toBe(1)
    expect(said).toContain('Install Node.js 20 or newer with npm.')
  })

  it('leave no file of the script behind', async () => {
    await rm(join(machine.checkout, 'node_modules'), { recursive: true })
    await machine.addProgram('npm', 'exit 1')
    await machine.install('test')
    expect((await readdir(dirname(machine.checkout))).sort()).toEqual(['bin', 'calls', 'checkout'])
  })
})
