import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { makeSlirpPipe, slirpArgv } from '../../../effects/network/slirp.ts'
import { script } from '../../fixtures/programs.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'

it('slirp4netns is told of its two pipes, and keeps the host’s loopback from the container', () => {
  const words = '--configure --mtu 65520 --disable-host-loopback --exit-fd 3 --ready-fd 4 77 tap0'
  expect(slirpArgv(77)).toEqual(words.split(' '))
})

it('a helper that ends before it is ready is an error with its words', async () => {
  await using directory = await temporaryDirectory()
  const helper = script(directory.path, 'slirp4netns', 'echo "cannot open /dev/net/tun" >&2; exit 1')
  const pipe = await makeSlirpPipe(helper, directory.path)
  await expect(pipe.connect(77)).rejects.toMatchObject({
    code: 'ENETWORK',
    message: expect.stringContaining('cannot open /dev/net/tun'),
    hint: expect.stringContaining('/dev/net/tun'),
  })
  pipe.close()
})

it('a helper that is missing is an error', async () => {
  await using directory = await temporaryDirectory()
  const pipe = await makeSlirpPipe('/nonexistent/slirp4netns', directory.path)
  await expect(pipe.connect(77)).rejects.toMatchObject({ code: 'ENETWORK' })
  pipe.close()
})

it('a helper that hangs is ended with the call', async () => {
  await using directory = await temporaryDirectory()
  const helper = script(directory.path, 'slirp4netns', 'exec sleep 300')
  const pipe = await makeSlirpPipe(helper, directory.path)
  const stop = new AbortController()
  const connecting = pipe.connect(77, stop.signal)
  setTimeout(() => stop.abort(new Error('enough')), 50)
  await expect(connecting).rejects.toThrow('enough')
  pipe.close()
})

it('a helper learns by its first pipe that conmon is gone', async () => {
  await using directory = await temporaryDirectory()
  const mark = `${directory.path}/mark`
  // It polls, as slirp4netns does: the pipe does not block.
  const waiting = `new (require('net').Socket)({ fd: 3 }).on('end', () => require('fs').writeFileSync('${mark}', '')).resume()`
  const helper = script(directory.path, 'slirp4netns', `echo 1 >&4; exec ${process.execPath} -e "${waiting}"`)
  const pipe = await makeSlirpPipe(helper, directory.path)
  await pipe.connect(77)
  expect(existsSync(mark)).toBe(false)
  pipe.close()
  await expect.poll(() => existsSync(mark)).toBe(true)
})
