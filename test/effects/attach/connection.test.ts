import { createHash, randomBytes } from 'node:crypto'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type AttachConnection, connectAttach } from '../../../effects/attach/connection.ts'
import type { OutputPiece } from '../../../effects/attach/packets.ts'
import { Resizer } from '../../../effects/attach/resize.ts'
import { isSameProcess } from '../../../effects/process/identity.ts'
import { held, type Lab, openLab } from '../lab.ts'

interface Attached extends AttachConnection {
  pieces: OutputPiece[]
  /** All output of a stream so far. */
  text(stream: 'stdout' | 'stderr'): string
  /** Resolves once standard output has that in it. */
  shows(text: string): Promise<void>
}

async function attach({ id, options }: Lab): Promise<Attached> {
  const pieces: OutputPiece[] = []
  let heard = (): void => {}
  const connection = await connectAttach({
    containerId: id,
    bundle: options.bundle,
    onOutput: (piece) => {
      pieces.push(piece)
      heard()
    },
  })
  const text = (stream: string): string =>
    Buffer.concat(pieces.filter((piece) => piece.stream === stream).map(({ data }) => data)).toString(
      'latin1',
    )
  return {
    ...connection,
    pieces,
    text,
    async shows(wanted) {
      while (!text('stdout').includes(wanted)) {
        await new Promise<void>((resolve) => {
          heard = resolve
        })
      }
    },
  }
}

describe('a client of conmon', () => {
  it('that was there before the start misses nothing, and hears both streams apart', async () => {
    await using lab = await openLab(['sh', '-c', 'printf out; printf err >&2; seq 20000'])
    const { lifeline } = await lab.create()
    const client = await attach(lab)
    await lab.runtime.start(lab.id)
    await held(lifeline.ended)
    await client.ended
    expect(client.text('stderr')).toBe('err')
    const numbers = Array.from({ length: 20_000 }, (_, index) => `${index + 1}\n`).join('')
    expect(client.text('stdout')).toBe(`out${numbers}`)
  })

  it('gets what was written apart in packets of its own', async () => {
    await using lab = await openLab(['sh', '-c', 'while read line; do printf "<$line>"; done'])
    await lab.create({}, { stdin: true })
    const client = await attach(lab)
    await lab.runtime.start(lab.id)
    for (const word of ['a', 'bc', 'def']) {
      await client.write(Buffer.from(`${word}\n`))
      await client.shows(`<${word}>`)
    }
    await client.end()
    await client.ended
    expect(client.pieces.map(({ data }) => String(data))).toEqual(['<a>', '<bc>', '<def>'])
  })

  it('writes 1.5 MB that arrive whole, and ends them', async () => {
    await using lab = await openLab(['sh', '-c', 'busybox md5sum'])
    await lab.create({}, { stdin: true })
    const client = await attach(lab)
    await lab.runtime.start(lab.id)
    const data = randomBytes(1_500_000)
    await client.write(data)
    await client.end()
    await client.ended
    expect(client.text('stdout')).toBe(`${createHash('md5').update(data).digest('hex')}  -\n`)
  })

  it('hears all of a container that ends without having read its input', async () => {
    await using lab = await openLab(['sh', '-c', 'read line; seq 5000'])
    const { monitor } = await lab.create({}, { stdin: true })
    const client = await attach(lab)
    await lab.runtime.start(lab.id)
    const writing = client.write(Buffer.alloc(2_000_000, 'abcdefghij\n')).then(
      () => 'written',
      (error) => error.code,
    )
    await client.shows('1\n')
    // Meanwhile nothing is read here, and conmon goes with what it was sent unread: it resets the connection.
    while (isSameProcess(monitor)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
    await client.ended
    expect(await writing).toBe('EATTACHENDED')
    expect(client.text('stdout').endsWith('\n4999\n5000\n')).toBe(true)
    expect(client.text('stdout').split('\n')).toHaveLength(5001)
  })

  it('that hangs up ends the input of a container that reads from a pipe', async () => {
    await using lab = await openLab(['sh', '-c', 'cat; echo over'])
    await lab.create({}, { stdin: true })
    const [first, second] = [await attach(lab), await attach(lab)]
    await lab.runtime.start(lab.id)
    await first.write(Buffer.from('one\n'))
    // Both: one that goes with something unread resets the connection, which conmon does not take for the end.
    await Promise.all([first.shows('one'), second.shows('one')])
    first.close()
    await second.shows('over')
    await second.ended
  })

  it('of a terminal that ends its input ends nothing', async () => {
    await using lab = await openLab(['sh'], { terminal: true })
    await lab.create()
    const client = await attach(lab)
    await lab.runtime.start(lab.id)
    await client.end()
    client.close()
    const other = await attach(lab)
    await other.write(Buffer.from('echo $((6 * 7)); exit\n'))
    await other.shows('42')
    await other.ended
  })

  it('reaches a socket whose path is longer than a socket’s may be', async () => {
    await using lab = await openLab(['echo', 'hi'])
    const deep = join(lab.path, 'd'.repeat(100))
    await rename(lab.options.bundle, deep)
    const config = join(deep, 'config.json')
    await writeFile(config, (await readFile(config, 'utf8')).replaceAll(lab.options.bundle, deep))
    await lab.create({}, { bundle: deep })
    const client = await attach({ ...lab, options: { ...lab.options, bundle: deep } })
    await lab.runtime.start(lab.id)
    await client.ended
    expect(client.text('stdout')).toBe('hi\n')
  })

  it('is refused where no conmon listens', async () => {
    await using lab = await openLab(['true'])
    await expect(attach(lab)).rejects.toThrow(
      expect.objectContaining({ code: 'EATTACH', containerId: lab.id, hint: expect.any(String) }),
    )
  })

  it('gives up where it is told to', async () => {
    await using lab = await openLab(['true'])
    const signal = AbortSignal.abort(new Error('enough'))
    const connecting = connectAttach({
      containerId: lab.id,
      bundle: lab.options.bundle,
      onOutput: () => {},
      signal,
    })
    await expect(connecting).rejects.toThrow('enough')
  })
})

describe('a terminal', () => {
  it('takes the last of many sizes that come together', async () => {
    const script = 'trap "stty size" WINCH; echo ready; while :; do sleep 0.02; done'
    await using lab = await openLab(['sh', '-c', script], { terminal: true })
    await lab.create()
    const client = await attach(lab)
    const resizer = new Resizer(join(lab.options.bundle, 'ctl'), lab.id)
    await resizer.resize({ columns: 90, rows: 30 })
    await lab.runtime.start(lab.id)
    await client.shows('ready')
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => resizer.resize({ columns: 100 + index, rows: 40 + index })),
    )
    await client.shows('59 119')
  })
})
