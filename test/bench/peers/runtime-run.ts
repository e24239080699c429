import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Peer, run } from './peer.ts'

/** The runtime alone: nobody watches over the container but whoever has called it. */
export const runtimeRun = (runtime: string): Peer => ({
  name: `${runtime} run`,
  programs: [runtime],
  async open({ path, spec }) {
    const bundle = join(path, 'bundle')
    mkdirSync(bundle, { recursive: true })
    const { linux } = spec as { linux: object }
    const own = { ...spec, linux: { ...linux, cgroupsPath: '/runchart-bench-runtime-run' } }
    writeFileSync(join(bundle, 'config.json'), JSON.stringify(own))
    return {
      life: () => run(runtime, ['--root', join(path, 'runtime'), 'run', '--bundle', bundle, 'bench-run']),
      async [Symbol.asyncDispose]() {},
    }
  },
})
