import { describe, expect, test } from 'vitest'
import { formatLabel, monitorLabel, parseLabel } from '../../../effects/selinux/label.ts'

describe('a context', () => {
  test.for([
    ['system_u:system_r:container_runtime_t:s0', 's0'],
    ['unconfined_u:unconfined_r:unconfined_t:s0-s0:c0.c1023', 's0-s0:c0.c1023'],
    ['system_u:system_r:container_t:s0:c12,c900', 's0:c12,c900'],
    ['u:r:t', ''],
  ] as const)('%s has its level, and is written as it was read', ([text, level]) => {
    const label = parseLabel(text)
    expect(label?.level).toBe(level)
    expect(label && formatLabel(label)).toBe(text)
  })

  test('may end as the kernel ends it', () => {
    expect(parseLabel('u:r:t:s0\0')).toEqual({ user: 'u', role: 'r', type: 't', level: 's0' })
    expect(parseLabel('u:r:t:s0\n')).toEqual({ user: 'u', role: 'r', type: 't', level: 's0' })
  })

  test.for([[''], ['kernel'], ['u:r'], ['::t:s0'], ['docker-default (enforce)']])('%j is none', ([text]) => {
    expect(parseLabel(text ?? '')).toBeUndefined()
  })
})

test.for([
  ['u:r:t:s0-s0:c0.c1023', 'u:r:t:s0'],
  ['u:r:t:s0:c1,c2', 'u:r:t:s0'],
  ['u:r:t:s0', undefined],
  ['u:r:t', undefined],
] as const)('conmon of an engine that is %s is %s', ([engine, conmon]) => {
  const label = parseLabel(engine)
  const wanted = label && monitorLabel(label)
  expect(wanted && formatLabel(wanted)).toBe(conmon)
})
