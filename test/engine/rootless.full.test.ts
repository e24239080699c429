import { existsSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { whyNoApt } from '../fixtures/debian.ts'
import { type RootlessPlace, rootlessPlace } from '../fixtures/rootless.ts'

const reason = await whyNoApt()
const V1 = '/sys/fs/cgroup/freezer'
let place: RootlessPlace

describe.skipIf(reason !== undefined)(
  reason === undefined ? 'an unprivileged user' : `rootless: ${reason}`,
  () => {
    beforeAll(async () => {
      place = await rootlessPlace()
    })
    afterAll(() => place[Symbol.asyncDispose]())

    const life = async (options: Record<string, unknown>, { tun = false } = {}) => {
      const given = JSON.stringify({ rootfs: place.rootfs, ...options })
      const { stdout, stderr } = await place.node('test/fixtures/rootless-life.ts', [given], { tun })
      expect(stderr).toBe('')
      return JSON.parse(String(stdout))
    }

    test('creates, starts, reads, executes in, stops and removes containers', async () => {
      const done = await life({})
      expect(done).toMatchObject({
        lines: ['0', 'ready'],
        exec: '0\n',
        stopped: { code: 5, cause: 'stopped-by-user', generation: 1 },
        killed: { code: 137, cause: 'stopped-by-user', generation: 2 },
      })
      expect(done.root).toMatch(/\/home\/data\/runchart$/)
    })

    test('is told that a pause needs a cgroup', async () => {
      const { pause } = await life({})
      expect(pause).toMatchObject({ code: 'ERUNTIME', hint: expect.stringContaining('cgroup') })
    })

    test('is told the same of a list of processes', async () => {
      expect((await life({})).top).toMatchObject({ hint: expect.stringContaining('delegated') })
    })

    test('kills the first process alone, since there is no cgroup that says which are all', async () => {
      const { killed, kills } = await life({})
      expect(killed).toMatchObject({ code: 137 })
      expect(kills).toEqual(['ID 15', 'ID 9'])
    })

    test.skipIf(!existsSync(V1))(
      'pauses, lists processes, and kills all of them, with a cgroup that root has delegated',
      async () => {
        await place.delegate()
        const { pause, top, stopped, killed, kills } = await life({ cgroupParent: place.cgroupParent })
        expect({ pause, top, kills }).toEqual({ pause: 'running', top: true, kills: ['ID 15', '--all ID 9'] })
        expect([stopped.code, killed.code]).toEqual([5, 137])
      },
    )

    test('does it all from the command line', async () => {
      const { cli, rootfs } = place
      const ran = await cli('run', '--name', 'web', '--rootfs', rootfs, 'sh', '-c', 'echo hello; exit 7')
      expect(ran).toMatchObject({ exitCode: 7, stdout: 'hello', stderr: '' })
      expect(await cli('logs', 'web')).toMatchObject({ exitCode: 0, stdout: 'hello' })
      const sleeping = await cli('run', '-d', '--name', 'db', '--rootfs', rootfs, 'sleep', '1000')
      expect(sleeping).toMatchObject({ exitCode: 0 })
      expect(await cli('stop', '-t', '0', 'db')).toMatchObject({ exitCode: 0, stdout: 'db' })
      expect(await cli('wait', 'db')).toMatchObject({ exitCode: 0, stdout: '137' })
      expect(await cli('rm', 'web', 'db')).toMatchObject({ exitCode: 0 })
      expect(await cli('ps', '-aq')).toMatchObject({ exitCode: 0, stdout: '' })
    })

    describe.skipIf(!existsSync('/dev/net/tun'))('with slirp4netns', () => {
      test('a container reaches the network that the user reaches, for each of its runs', async () => {
        // The address is slirp4netns's own: the host's loopback is kept from the container.
        const script = 'until grep -q tap0 /proc/net/route; do sleep 0.05; done; cat /proc/net/route'
        const options = { network: 'slirp4netns', command: ['sh', '-c', script] }
        const { lines, again, helpers } = await network(options)
        for (const routes of [lines, again]) expect(routes.join('\n')).toMatch(/^tap0\s+00000000\s+0202000A/m)
        expect(helpers).toEqual({ whileRunning: 1, afterExit: 0 })
      })

      test('without /dev/net/tun the create fails in slirp4netns’s words, and nothing is left', async () => {
        const { error, helpers, containers } = await network(
          { network: 'slirp4netns', command: ['true'] },
          false,
        )
        expect(error).toMatchObject({ code: 'ENETWORK', message: expect.stringMatching(/slirp4netns.*tun/s) })
        expect({ helpers, containers }).toEqual({ helpers: 0, containers: 0 })
      })
    })

    const network = async (options: Record<string, unknown>, tun = true) => {
      const given = JSON.stringify({ rootfs: place.rootfs, ...options })
      const { stdout, stderr } = await place.node('test/fixtures/rootless-network.ts', [given], { tun })
      expect(stderr).toBe('')
      return JSON.parse(stdout)
    }
  },
)
