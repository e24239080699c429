import { describe, expect, it } from 'vitest'
import { classifyFailure, lastMessage } from '../../../effects/runtime/failure.ts'

const TEXTS = {
  'command-not-found': [
    'runc create failed: unable to start container process: exec: "nosuch": executable file not found in $PATH',
    'runc create failed: unable to start container process: exec: "/nosuch": stat /nosuch: no such file or directory',
    'unable to start container process: exec: "/etc/passwd/x": stat /etc/passwd/x: not a directory',
    'executable file `nosuch` not found in $PATH: No such file or directory',
    'open executable: Not a directory',
  ],
  'command-not-executable': [
    'runc create failed: unable to start container process: exec: "/bin/text": permission denied',
    'unable to start container process: exec: "/bin": is a directory',
    'exec /bin/text: exec format error',
    'open executable: Permission denied',
    'open executable: Operation not permitted',
  ],
  'not-found': [
    'container does not exist',
    'container "web" does not exist',
    'error opening file `/run/crun/web/status`: No such file or directory',
    "cannot open directory '/run/crun/web': No such file or directory",
  ],
  'not-running': [
    'container not running',
    'kill container: No such process',
    'os: process already finished',
    'cannot start a container that has stopped',
    'the container `web` is not running',
    'container `web` is not running',
  ],
  other: [
    '',
    'runc create failed: chdir /nosuch: no such file or directory',
    'invalid rootfs: stat /nosuch: no such file or directory',
    'error mounting "/nosuch" to rootfs at "/x": stat /nosuch: no such file or directory',
    'runc create failed: container with given ID already exists',
    'container not paused',
    'cannot delete container web that is not stopped: running',
    'cannot open `/run/crun/web/exec.fifo`: No such file or directory',
  ],
} as const

describe('classifyFailure', () => {
  const rows = Object.entries(TEXTS).flatMap(([failure, texts]) =>
    texts.map((text) => [failure, text] as const),
  )
  it.each(rows)('%s: %s', (failure, text) => {
    expect(classifyFailure(text)).toBe(failure)
  })
})

describe('lastMessage', () => {
  it('reads logrus text, with its quotes', () => {
    const text = 'time="2026-01-01T00:00:00Z" level=error msg="exec: \\"x\\": no"\n'
    expect(lastMessage(text)).toBe('exec: "x": no')
  })

  it('reads JSON lines', () => {
    expect(lastMessage('{"level":"error","msg":"one"}\n{"level":"error","msg":"two"}\n')).toBe('two')
  })

  it('prefers an error to a later warning, and a warning to nothing', () => {
    expect(lastMessage('{"level":"error","msg":"bad"}\n{"level":"warning","msg":"hm"}')).toBe('bad')
    expect(lastMessage('{"level":"warning","msg":"hm"}')).toBe('hm')
  })

  it('takes plain text as it is, and drops what our own message says already', () => {
    expect(lastMessage('first\nrunc create failed: second\n\n')).toBe('second')
    expect(lastMessage('{"broken')).toBe('{"broken')
  })

  it('finds the runtime’s own words among those of others', () => {
    const error = 'time="2026-01-01T00:00:00Z" level=error msg="the real one"'
    expect(lastMessage(`noise\n\u0000\u001b[31m${error}\nmore noise`)).toBe('the real one')
    expect(lastMessage('noise{"level":"error","msg":"the real one"}\nmore noise')).toBe('the real one')
    expect(lastMessage('{"level":"warning","msg":"hm"}\ncrun: the real one')).toBe('crun: the real one')
    expect(lastMessage('x'.repeat(100_000))).toHaveLength(2048)
  })

  it('finds nothing in nothing', () => {
    expect(lastMessage(' \n\n')).toBeUndefined()
  })
})
