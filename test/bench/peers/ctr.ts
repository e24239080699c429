import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Peer, run, startDaemon } from './peer.ts'

/** containerd's own client, over a containerd of its own without its part for Kubernetes. */
export const ctr: Peer = {
  name: 'ctr',
  programs: ['containerd', 'ctr', 'containerd-shim-runc-v2', 'runc'],
  async open({ path, rootfs }) {
    mkdirSync(path, { recursive: true })
    const [config, address] = [join(path, 'config.toml'), join(path, 'containerd.sock')]
    writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n')
    const daemon = startDaemon('containerd', [
      ...['--config', config, '--address', address],
      ...['--root', join(path, 'root'), '--state', join(path, 'state')],
    ])
    const command = (...args: string[]) => run('ctr', ['--address', address, ...args])
    while ((await command('version').catch(() => undefined)) === undefined) await delay(100)
    let lives = 0
    return {
      life() {
        lives += 1
        return command('run', '--rm', '--rootfs', rootfs, `bench-${lives}`, '/bin/true')
      },
      [Symbol.asyncDispose]: () => daemon.end(),
    }
  },
}
