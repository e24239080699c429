import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Peer, removeCgroups, run, startDaemon } from './peer.ts'

const CGROUP = 'runchart-bench-docker'
const IMAGE = 'bench'

/** docker over a dockerd of its own, whose mounts and network nobody else sees. */
export const docker: Peer = {
  name: 'docker',
  programs: ['dockerd', 'docker', 'containerd', 'runc', 'unshare', 'tar'],
  async open({ path, rootfs }) {
    mkdirSync(path, { recursive: true })
    const host = `unix://${join(path, 'docker.sock')}`
    const daemon = startDaemon('unshare', [
      ...['--mount', '--net', 'dockerd', '--bridge', 'none', '--iptables=false', '--ip6tables=false'],
      ...['--host', host, '--pidfile', join(path, 'dockerd.pid'), '--cgroup-parent', `/${CGROUP}`],
      ...['--data-root', join(path, 'data'), '--exec-root', join(path, 'exec')],
    ])
    const command = (...args: string[]) => run('docker', ['--host', host, ...args])
    while ((await command('version').catch(() => undefined)) === undefined) await delay(100)
    const archive = join(path, 'image.tar')
    await run('tar', ['-C', rootfs, '-cf', archive, '.'])
    await command('import', archive, IMAGE)
    return {
      life: () => command('run', '--rm', '--network', 'none', IMAGE, '/bin/true'),
      async [Symbol.asyncDispose]() {
        await daemon.end()
        removeCgroups(CGROUP)
      },
    }
  },
}
