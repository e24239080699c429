import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Attachment, Container, Engine } from '../../../src/index.ts'
import { type TestPlace, testPlace } from '../../fixtures/engine.ts'

let place: TestPlace
let engine: Engine
beforeAll(async () => {
  place = await testPlace()
  engine = await place.open()
})
afterAll(() => place[Symbol.asyncDispose]())

const failure = (code: string) => expect.objectContaining({ code, hint: expect.any(String) })

/** All output of an attachment, by stream, until it ends or shows the text. */
async function read({ output }: Attachment, until?: string): Promise<{ stdout: string; stderr: string }> {
  const seen = { stdout: '', stderr: '' }
  for await (const { stream, data } of output) {
    seen[stream] += data.toString('latin1')
    if (until !== undefined && seen[stream].includes(until)) break
  }
  return seen
}

/** The numbers that `seq` prints. */
const seq = (last: number): string => Array.from({ length: last }, (_, index) => `${index + 1}\n`).join('')

describe('an attachment', () => {
  test('to a container that is only created misses nothing, keeps the streams apart, and ends with it', async () => {
    await using container = await place.sh(engine, 'printf out; printf err >&2; seq 30000; exit 3')
    await using attachment = await container.attach()
    await container.start()
    expect(await read(attachment)).toEqual({ stdout: `out${seq(30_000)}`, stderr: 'err' })
    await attachment.ended
    expect(await container.wait()).toMatchObject({ code: 3 })
  })

  test('feeds standard input, whole and in order, to its end', async () => {
    await using container = await place.sh(engine, 'cat', { stdin: true })
    await using attachment = await container.attach()
    await container.start()
    const reading = read(attachment)
    const text = seq(200_000)
    await attachment.write(text.slice(0, 700_000))
    await attachment.write(Buffer.from(text.slice(700_000)))
    await attachment.end()
    expect((await reading).stdout).toBe(text)
    expect(await container.wait()).toMatchObject({ code: 0 })
  })

  test('goes on in another loop where one was left', async () => {
    await using container = await place.sh(engine, 'while read line; do echo "<$line>"; done', {
      stdin: true,
    })
    await using attachment = await container.attach()
    await container.start()
    await attachment.write('a\n')
    await read(attachment, '<a>')
    await attachment.write('b\n')
    await read(attachment, '<b>')
  })

  test('that is left, by one of several, leaves the container its input, and the others theirs', async () => {
    await using container = await place.sh(engine, 'while read line; do echo "<$line>"; done; echo over', {
      stdin: true,
    })
    const [one, two] = [await container.attach(), await container.attach()]
    await container.start()
    await one.write('a\n')
    await Promise.all([read(one, '<a>'), read(two, '<a>')])
    one.detach()
    await one.ended
    await expect(one.write('x')).rejects.toThrow(expect.objectContaining({ code: 'EATTACHENDED' }))
    two.detach()
    await using three = await container.attach()
    await three.write('b\n')
    expect(await read(three, '<b>')).toEqual({ stdout: '<b>\n', stderr: '' })
    await three.end()
    await expect(three.write('c\n')).rejects.toThrow(failure('ENOSTDIN'))
    expect(await read(three)).toEqual({ stdout: 'over\n', stderr: '' })
  })

  test('without output only feeds', async () => {
    await using container = await place.sh(engine, 'cat', { stdin: true })
    await using attachment = await container.attach({ output: false })
    await container.start()
    await attachment.write('a\n')
    await attachment.end()
    expect(await read(attachment)).toEqual({ stdout: '', stderr: '' })
    expect(await container.wait()).toMatchObject({ code: 0 })
  })

  test('is given up by its signal, and the container lives on', async () => {
    await using container = await place.sh(engine, 'echo ready; sleep 1000')
    const giveUp = new AbortController()
    await using attachment = await container.attach({ signal: giveUp.signal })
    await container.start()
    await read(attachment, 'ready')
    giveUp.abort(new Error('enough'))
    await expect(read(attachment)).rejects.toThrow('enough')
    await expect(container.attach({ signal: giveUp.signal })).rejects.toThrow('enough')
    expect(container.state).toBe('running')
  })

  test('ends when conmon is killed', async () => {
    await using container = await place.sh(engine, 'echo ready; sleep 1000')
    await using attachment = await container.attach()
    await container.start()
    await read(attachment, 'ready')
    process.kill(container.inspect().monitorPid ?? 0, 'SIGKILL')
    expect(await read(attachment)).toEqual({ stdout: '', stderr: '' })
    expect(await container.wait()).toMatchObject({ cause: 'monitor-lost' })
  })

  test('is for one run; the next has its own', async () => {
    await using container = await place.sh(engine, 'echo run')
    const first = await container.attach()
    await container.start()
    await read(first)
    await container.wait()
    await expect.poll(() => container.state).toBe('exited')
    await container.create()
    const second = await container.attach()
    await container.start()
    expect(await read(second)).toEqual({ stdout: 'run\n', stderr: '' })
    await expect(first.write('x')).rejects.toThrow(expect.objectContaining({ code: 'EATTACHENDED' }))
  })

  test('is refused to what has exited, and of what a container lacks', async () => {
    await using container = await place.sh(engine, 'sleep 0.2')
    const attachment = await container.attach()
    await expect(attachment.write('x')).rejects.toThrow(failure('ENOSTDIN'))
    await expect(attachment.end()).rejects.toThrow(failure('ENOSTDIN'))
    await expect(attachment.resize({ columns: 80, rows: 24 })).rejects.toThrow(failure('ENOTERMINAL'))
    await expect(container.attach({ maxBufferedBytes: 0 })).rejects.toThrow(failure('EINPUT'))
    await container.start()
    await container.wait()
    await expect.poll(() => container.state).toBe('exited')
    const refused = container.attach()
    await expect(refused).rejects.toThrow(failure('EILLEGALTRANSITION'))
    await expect(refused).rejects.toThrow(
      /cannot attach to container .+: it is exited, which takes create, start/,
    )
  })
})

describe('a reader that does not read', () => {
  test('is disconnected with a clear error after what was kept for it, and freezes nothing', async () => {
    // 12 MB: far more than every buffer on the way holds.
    await using container = await place.sh(engine, 'yes 0123456789 | head -n 1100000')
    await using idle = await container.attach({ maxBufferedBytes: 1_000_000 })
    await using eager = await container.attach()
    await container.start()
    let length = 0
    for await (const { data } of eager.output) length += data.length
    expect(length).toBe(12_100_000)
    expect(await container.wait()).toMatchObject({ code: 0 })

    await idle.ended
    let kept = 0
    const reading = (async () => {
      for await (const { data } of idle.output) kept += data.length
    })()
    await expect(reading).rejects.toThrow(failure('ESLOWREADER'))
    expect(kept).toBeGreaterThan(900_000)
    expect(kept).toBeLessThanOrEqual(1_000_000)
    await expect(idle.write('x')).rejects.toThrow(expect.objectContaining({ code: 'EATTACHENDED' }))
  })
})

describe('a container with a terminal', () => {
  const shell = (over: object = {}): Promise<Container> =>
    engine.create({ rootfs: place.rootfs, command: ['sh'], terminal: true, stopTimeout: 0, ...over })

  /** A resize arrives when conmon gets to it. Quotes keep what is typed from looking like what is printed. */
  const untilSize = (size: string): string =>
    `until [ "$(stty size)" = "${size}" ]; do sleep 0.02; done; echo si""ze of ${size}`

  test('shows a prompt, echoes what is typed, and has the size that it is given', async () => {
    await using container = await shell()
    expect(container.inspect()).toMatchObject({ terminal: true, stdin: true })
    await using attachment = await container.attach()
    expect(attachment.terminal).toBe(true)
    await attachment.resize({ columns: 97, rows: 31 })
    await container.start()
    await read(attachment, '# ')
    await attachment.write(`${untilSize('31 97')} on $TERM\n`)
    const typed = (await read(attachment, 'size of 31 97 on xterm')).stdout
    expect(typed).toContain('until [')
    await attachment.resize({ columns: 120, rows: 40 })
    // A shell that is on its way to its next prompt loses a Ctrl-D; what takes its place does not.
    await attachment.write(`${untilSize('40 120')}; exec cat\n`)
    await read(attachment, 'size of 40 120')
    await attachment.end()
    await read(attachment)
    expect(await container.wait()).toMatchObject({ code: 0 })
  })

  test('takes Ctrl-C as a byte', async () => {
    await using container = await shell({
      command: ['sh', '-c', 'trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.05; done'],
    })
    await using attachment = await container.attach()
    await container.start()
    await read(attachment, 'ready')
    await attachment.write('\x03')
    await read(attachment, 'caught')
    expect(await container.wait()).toMatchObject({ code: 9 })
  })

  test('still has it when a new engine attaches', async () => {
    const other = await testPlace()
    await using _ = other
    const first = await other.open()
    const { id } = await first.create({ rootfs: other.rootfs, command: ['sh'], terminal: true })
    const before = await first.get(id).attach()
    await first.get(id).start()
    await read(before, '# ')
    await first.close()
    await expect(read(before)).rejects.toThrow(expect.objectContaining({ code: 'ECLOSED' }))
    const second = await other.open()
    await using attachment = await second.get(id).attach()
    await attachment.write('echo $((6 * 7))\n')
    await read(attachment, '42')
  })
})
