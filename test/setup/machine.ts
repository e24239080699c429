import { chmod, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { type TemporaryDirectory, temporaryDirectory } from '../fixtures/temporary.ts'

/** The programs that the script needs of any machine; taken from this one. */
const BASE = ['cat', 'chmod', 'cmp', 'cp', 'dirname', 'ln', 'mkdir', 'mktemp', 'rm', 'sed', 'sh', 'tail']

/** npm as far as the script uses it: it brings a Node. */
const NPM = `mkdir -p node_modules/.bin && ln -sf "${process.execPath}" node_modules/.bin/node`

/** A machine that is not there: what it has on its PATH is made for one test. */
export interface Machine extends AsyncDisposable {
  /** The checkout that the script is run in. */
  readonly checkout: string
  /** Puts a program on the machine, written as a shell script, that notes down each call of it. */
  addProgram(name: string, script?: string): Promise<void>
  removeProgram(name: string): Promise<void>
  /** Runs the script. */
  install(purpose: 'start' | 'test'): Promise<{ exitCode: number | undefined; said: string }>
  /** The calls since the last time this was asked, one `program arguments…` each. */
  calls(): Promise<string[]>
}

/** A Debian machine on which nothing is missing, and the script is run by root. */
export async function makeMachine(): Promise<Machine> {
  const directory = await temporaryDirectory()
  const machine = new FakeMachine(directory)
  await machine.setUp()
  return machine
}

class FakeMachine implements Machine {
  readonly checkout: string
  readonly #directory: TemporaryDirectory
  readonly #bin: string
  readonly #log: string

  constructor(directory: TemporaryDirectory) {
    this.#directory = directory
    this.checkout = join(directory.path, 'checkout')
    this.#bin = join(directory.path, 'bin')
    this.#log = join(directory.path, 'calls')
  }

  async setUp(): Promise<void> {
    await mkdir(join(this.checkout, 'src/setup'), { recursive: true })
    await mkdir(join(this.checkout, 'node_modules/.bin'), { recursive: true })
    await mkdir(this.#bin)
    await copyFile('src/setup/install.sh', join(this.checkout, 'src/setup/install.sh'))
    await writeFile(join(this.checkout, 'package-lock.json'), '{}')
    await writeFile(join(this.checkout, 'node_modules/.runchart-package-lock.json'), '{}')
    await symlink(process.execPath, join(this.checkout, 'node_modules/.bin/node'))
    await writeFile(this.#log, '')
    for (const name of BASE) await symlink(`/bin/${name}`, join(this.#bin, name))
    for (const name of ['conmon', 'runc', 'busybox', 'apt-cache']) await this.addProgram(name)
    await this.addProgram('npm', NPM)
    await this.addProgram('id', 'echo 0')
    // Nothing is dynamically linked here.
    await this.addProgram('ldd', 'exit 1')
    await this.addProgram('apt-get', this.aptGet())
  }

  /** Puts the programs of the packages on the machine that it is asked to install. */
  aptGet(): string {
    return `
      for package in "$@"; do
        case $package in
          conmon | runc) echo >"${this.#bin}/$package"; chmod +x "${this.#bin}/$package" ;;
          busybox-static) echo >"${this.#bin}/busybox"; chmod +x "${this.#bin}/busybox"; printf 'exit 1' >"${this.#bin}/ldd" ;;
        esac
      done`
  }

  async addProgram(name: string, script = ''): Promise<void> {
    const path = join(this.#bin, name)
    const note = `echo "${name} $*" >>"${this.#log}"`
    await writeFile(path, `#!/bin/sh\n${note}\n${script}\n`)
    await chmod(path, 0o755)
  }

  async removeProgram(name: string): Promise<void> {
    await rm(join(this.#bin, name))
  }

  async install(purpose: 'start' | 'test'): Promise<{ exitCode: number | undefined; said: string }> {
    const { exitCode, all } = await execa('/bin/sh', ['src/setup/install.sh', purpose], {
      cwd: this.checkout,
      env: { PATH: this.#bin, RUNCHART_SBIN: '', TMPDIR: this.#directory.path },
      extendEnv: false,
      all: true,
      reject: false,
      // Somebody at the keyboard, whom no program may ask.
      input: 'yes\n',
    })
    return { exitCode, said: all }
  }

  async calls(): Promise<string[]> {
    const text = await readFile(this.#log, 'utf8')
    await writeFile(this.#log, '')
    const questions = /^(id|ldd|apt-cache) /
    return text.split('\n').filter((line) => line !== '' && !questions.test(line))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#directory[Symbol.asyncDispose]()
  }
}
