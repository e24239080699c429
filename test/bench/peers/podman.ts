import { join } from 'node:path'
import { findProgram } from '../../../effects/runtime/find.ts'
import { type OpenPeer, type Peer, removeCgroups, run } from './peer.ts'

const CGROUP = 'runchart-bench-podman'

/** podman over a root of its own, with the same runtime and conmon. */
export interface OpenPodman extends OpenPeer {
  /** Any command of podman's. */
  podman(...args: string[]): ReturnType<typeof run>
  /** Flags of `run`, root file system included, that come before the command. */
  readonly runFlags: readonly string[]
}

/** No daemon; a new process for each command. */
export const podman = (runtime: string) =>
  ({
    name: 'podman',
    programs: ['podman', 'conmon', runtime],
    async open({ path, rootfs }): Promise<OpenPodman> {
      const globals = [
        ...['--root', join(path, 'root'), '--runroot', join(path, 'run'), '--tmpdir', join(path, 'tmp')],
        ...['--storage-driver', 'vfs', '--cgroup-manager', 'cgroupfs', '--events-backend', 'none'],
        ...['--runtime', findProgram(runtime), '--conmon', findProgram('conmon')],
      ]
      // Its own limits are more than a machine may allow.
      const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']
      const runFlags = [...limits, '--cgroup-parent', `/${CGROUP}`, '--network', 'none', '--rootfs', rootfs]
      const command = (...args: string[]) => run('podman', [...globals, ...args])
      return {
        podman: command,
        runFlags,
        life: () => command('run', '--rm', ...runFlags, '/bin/true'),
        async [Symbol.asyncDispose]() {
          await command('rm', '--all', '--force', '--time', '0')
          removeCgroups(CGROUP)
        },
      }
    },
  }) satisfies Peer
