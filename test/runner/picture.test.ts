import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { describe, expect, it, onTestFinished } from 'vitest'
import { newThings } from '../run/leftovers.ts'
import { RUN_VARIABLE, TEST_DIRECTORY } from '../run/ownership.ts'
import { takePicture } from '../run/picture.ts'

const isRoot = process.geteuid?.() === 0

/** Makes something in a run of its own, and gives what the pictures before and after it differ by. */
async function whatIsLeft(make: (run: string) => Promise<void>): Promise<string[]> {
  const run = randomBytes(4).toString('hex')
  const before = await takePicture(run)
  await make(run)
  return newThings(before, await takePicture(run))
}

async function leaveDirectory(run: string): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), `${TEST_DIRECTORY}${run}-`))
  onTestFinished(async () => rm(path, { recursive: true }))
  return path
}

describe('the leftover check sees', () => {
  it('a directory, and a FIFO in it', async () => {
    let fifo = ''
    const left = await whatIsLeft(async (run) => {
      const path = await leaveDirectory(run)
      fifo = join(path, 'lifeline')
      await execa('mkfifo', [fifo])
    })
    expect(left).toContain(`FIFO ${fifo}`)
    expect(left).toContainEqual(expect.stringMatching(/^directory .*runchart-test-/))
  })

  it('a process that inherited the mark of the run', async () => {
    const left = await whatIsLeft(async (run) => {
      const child = execa('sleep', ['1000'], { env: { [RUN_VARIABLE]: run }, reject: false })
      onTestFinished(async () => {
        child.kill('SIGKILL')
        await child
      })
    })
    expect(left).toContainEqual(expect.stringMatching(/^process \d+ \(started at tick \d+\): sleep 1000$/))
  })

  it('a process without any environment, by the directory that it works on', async () => {
    const left = await whatIsLeft(async (run) => {
      const cwd = await leaveDirectory(run)
      const child = execa('sleep', ['1000'], { cwd, env: {}, extendEnv: false, reject: false })
      onTestFinished(async () => {
        child.kill('SIGKILL')
        await child
      })
    })
    expect(left).toContainEqual(expect.stringMatching(/^process \d+ .*: sleep 1000$/))
  })

  it.runIf(isRoot)('a cgroup with nobody in it', async () => {
    const hierarchies = ['/sys/fs/cgroup/pids', '/sys/fs/cgroup']
    const parent = hierarchies.find((path) => existsSync(join(path, 'cgroup.procs'))) ?? ''
    const cgroup = join(parent, `runchart-${randomBytes(16).toString('hex')}`)
    const left = await whatIsLeft(async () => {
      await mkdir(cgroup)
      onTestFinished(async () => rmdir(cgroup))
    })
    expect(left).toContain(`cgroup ${cgroup}`)
  })

  it.runIf(isRoot)('a mount', async () => {
    let path = ''
    const left = await whatIsLeft(async (run) => {
      path = await leaveDirectory(run)
      await execa('mount', ['-t', 'tmpfs', 'none', path])
      onTestFinished(async () => {
        await execa('umount', [path])
      })
    })
    expect(left).toContain(`mount ${path}`)
  })

  it("nothing of another run's", async () => {
    const other = randomBytes(4).toString('hex')
    const left = await whatIsLeft(async () => {
      await leaveDirectory(other)
    })
    expect(left.join('\n')).not.toContain(other)
  })
})
