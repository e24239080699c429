import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  type ConmonOptions,
  type CreateCall,
  type CreatedContainer,
  createContainer,
  createLimiter,
  createRuntime,
  findProgram,
  killMonitor,
  type Runtime,
} from '../../effects/index.ts'
import { TEST_RUNTIME } from '../fixtures/programs.ts'
import { makeBundle } from '../fixtures/rootfs.ts'
import { temporaryDirectory } from '../fixtures/temporary.ts'

/** One container's directories, with the real conmon and runtime. */
export interface Lab extends AsyncDisposable {
  readonly path: string
  readonly id: string
  readonly options: ConmonOptions
  readonly runtime: Runtime
  create(call?: Partial<CreateCall>, options?: Partial<ConmonOptions>): Promise<CreatedContainer>
}

/** Ends and removes all of it when disposed of. */
export async function openLab(args: readonly string[], rest: { terminal?: boolean } = {}): Promise<Lab> {
  const directory = await temporaryDirectory()
  const { path } = directory
  const id = `lab-${randomBytes(4).toString('hex')}`
  const at = (name: string) => join(path, name)
  for (const name of ['run', 'exits', 'sockets']) await mkdir(at(name), { mode: 0o700 })
  const bundle = await makeBundle(at('bundle'), { args, id, ...rest })
  const limit = createLimiter()
  const runtime = createRuntime({ path: findProgram(TEST_RUNTIME), root: at('runtime'), limit })
  const options: ConmonOptions = {
    ...{ id, bundle, terminal: rest.terminal ?? false, stdin: false },
    ...{ conmonPath: findProgram('conmon'), runtimePath: runtime.path, runtimeRoot: runtime.root },
    ...{ runDir: at('run'), logPath: at('log'), exitsDir: at('exits'), socketsDir: at('sockets') },
  }
  const lifelines: CreatedContainer['lifeline'][] = []
  return {
    ...{ path, id, options, runtime },
    async create(call, changes) {
      const created = await createContainer({ ...options, ...changes }, { limit, ...call })
      lifelines.push(created.lifeline)
      return created
    },
    async [Symbol.asyncDispose]() {
      await runtime.delete(id, { force: true })
      await killMonitor(options.runDir)
      for (const lifeline of lifelines) lifeline.close()
      await directory[Symbol.asyncDispose]()
    },
  }
}

/** Resolves like the promise, and keeps the process alive until then, which a lifeline does not. */
export async function held<T>(promise: Promise<T>): Promise<T> {
  const timer = setInterval(() => {}, 60_000)
  return promise.finally(() => clearInterval(timer))
}

/** The processes whose command line names the text, such as a path in a test's own directory. */
export async function processesNaming(text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(
    pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')),
  )
  return pids.filter((_, index) => lines[index]?.includes(text)).map(Number)
}
