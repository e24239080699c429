import { describe, expect, it } from 'vitest'
import { RunchartError } from '../../../effects/errors.ts'
import { isContainerId, runtimeArgv } from '../../../effects/runtime/argv.ts'

const flags = { root: '/run/r' }

describe('runtimeArgv', () => {
  it.each([
    [{ verb: 'state', id: 'web' } as const, ['state', 'web']],
    [{ verb: 'start', id: 'web' } as const, ['start', 'web']],
    [{ verb: 'pause', id: 'web' } as const, ['pause', 'web']],
    [{ verb: 'resume', id: 'web' } as const, ['resume', 'web']],
    [{ verb: 'kill', id: 'web', signal: 15 } as const, ['kill', 'web', '15']],
    [{ verb: 'kill', id: 'web', signal: 9, all: true } as const, ['kill', '--all', 'web', '9']],
    [{ verb: 'ps', id: 'web' } as const, ['ps', '--format', 'json', 'web']],
    [{ verb: 'delete', id: 'web' } as const, ['delete', 'web']],
    [{ verb: 'delete', id: 'web', force: true } as const, ['delete', '--force', 'web']],
  ])('%o', (verb, argv) => {
    expect(runtimeArgv(flags, verb)).toEqual(['--root', '/run/r', ...argv])
  })

  it('puts the global flags first', () => {
    const all = { ...flags, logPath: '/l', systemdCgroup: true }
    expect(runtimeArgv(all, { verb: 'state', id: 'a' })).toEqual(
      '--root /run/r --log /l --log-format json --systemd-cgroup state a'.split(' '),
    )
  })

  const strange = ['', '-f', '--force', '.', '..', '.hidden', 'a/b', 'a b', 'a\n', 'ä', 'x'.repeat(129)]
  it.each(strange)('refuses the id %j', (id) => {
    expect(isContainerId(id)).toBe(false)
    expect(() => runtimeArgv(flags, { verb: 'state', id })).toThrow(RunchartError)
  })

  it.each([0, -9, 65, 1.5, Number.NaN])('refuses the signal %s', (signal) => {
    expect(() => runtimeArgv(flags, { verb: 'kill', id: 'a', signal })).toThrow('not a signal')
  })
})
