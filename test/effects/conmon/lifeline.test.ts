import { closeSync, constants, lstatSync, openSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Lifeline, makeLifeline, openLifeline } from '../../../effects/conmon/lifeline.ts'
import { runProgram } from '../../../effects/program/program.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'
import { held } from '../lab.ts'

const writer = (path: string) => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)

async function isOver(lifeline: Lifeline | undefined): Promise<boolean> {
  return Promise.race([lifeline?.ended.then(() => true), delay(20, false)]).then((over) => over === true)
}

describe('a lifeline', () => {
  it('is a FIFO of mode 0600', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'lifeline')
    await makeLifeline(path)
    expect(lstatSync(path).isFIFO()).toBe(true)
    expect(lstatSync(path).mode & 0o777).toBe(0o600)
  })

  it('is over at once where nobody holds the other end', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'lifeline')
    await makeLifeline(path)
    expect(await isOver(openLifeline(path))).toBe(true)
  })

  it('ends when the last holder of the other end is gone', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'lifeline')
    await makeLifeline(path)
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const holders = [writer(path), writer(path)]
    closeSync(reader)
    const lifeline = openLifeline(path)
    const second = openLifeline(path)
    closeSync(holders[0] ?? -1)
    expect(await isOver(lifeline)).toBe(false)
    closeSync(holders[1] ?? -1)
    await held(lifeline?.ended ?? Promise.reject(new Error('none')))
    await held(second?.ended ?? Promise.reject(new Error('none')))
  })

  it('says nothing once closed', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'lifeline')
    await makeLifeline(path)
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const holder = writer(path)
    const lifeline = openLifeline(path)
    lifeline?.close()
    closeSync(holder)
    closeSync(reader)
    expect(await isOver(lifeline)).toBe(false)
  })

  it('is kept where it is idle, and made anew where somebody holds it or it is something else', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'lifeline')
    const inode = () => lstatSync(path).ino
    await makeLifeline(path)
    // Held open, its inode cannot be given to another.
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
    const first = inode()
    await makeLifeline(path)
    expect(inode()).toBe(first)

    const holder = writer(path)
    await makeLifeline(path)
    expect(await isOver(openLifeline(path))).toBe(true)
    closeSync(reader)
    closeSync(holder)

    const other = join(directory.path, 'file')
    writeFileSync(other, 'x')
    await makeLifeline(other)
    expect(lstatSync(other).isFIFO()).toBe(true)
  })

  it('is none where there is no FIFO', async () => {
    await using directory = await temporaryDirectory()
    const file = join(directory.path, 'file')
    const link = join(directory.path, 'link')
    writeFileSync(file, '')
    symlinkSync(file, link)
    for (const path of [file, link, join(directory.path, 'nothing')])
      expect(openLifeline(path)).toBeUndefined()
  })

  it('does not keep the process alive', async () => {
    await using directory = await temporaryDirectory()
    const path = join(directory.path, 'lifeline')
    await makeLifeline(path)
    const module = new URL('../../../effects/conmon/lifeline.ts', import.meta.url)
    const code = `import { openSync } from 'node:fs'
      import { openLifeline } from ${JSON.stringify(module)}
      const reader = openSync('${path}', 'r+')
      console.log(openLifeline('${path}') !== undefined)`
    const args = ['--input-type=module', '-e', code]
    const run = await runProgram({ path: process.execPath, args, env: {}, timeoutMs: 30_000 })
    expect(run).toMatchObject({ stdout: 'true\n', exitCode: 0, timedOut: false })
  })
})
