import { describe, expect, it } from 'vitest'
import { lastingLeftovers, newThings } from '../run/leftovers.ts'
import { ownerOf } from '../run/ownership.ts'

const atOnce = { looks: 3, pause: 0 }

/** Gives each picture once, and the last one from then on. */
function camera(...pictures: string[][]) {
  return async () => new Set(pictures.length > 1 ? pictures.shift() : pictures[0])
}

describe('the comparison of two pictures', () => {
  it('finds what is new, in order', () => {
    expect(newThings(new Set(['a']), new Set(['c', 'a', 'b']))).toEqual(['b', 'c'])
  })

  it('does not mind what was there before, or is gone', () => {
    expect(newThings(new Set(['a', 'b']), new Set(['a']))).toEqual([])
  })
})

describe('a leftover', () => {
  it('is what stays', async () => {
    expect(await lastingLeftovers(new Set(), camera(['a']), atOnce)).toEqual(['a'])
  })

  it('is not what goes by itself while the check looks again', async () => {
    expect(await lastingLeftovers(new Set(), camera(['a', 'b'], ['b'], ['b', 'new']), atOnce)).toEqual(['b'])
    expect(await lastingLeftovers(new Set(), camera(['a'], []), atOnce)).toEqual([])
  })
})

describe('a thing belongs', () => {
  it.each([
    ['/tmp/runchart-test-abc-X1/rootfs', 'ours'],
    ['node cli.ts RUNCHART_TEST_RUN=abc', 'ours'],
    ['/tmp/runchart-test-xyz-X1', 'others'],
    ['/tmp/runchart-test-X1', 'others'],
    ['node RUNCHART_TEST_RUN=xyz', 'others'],
    ['conmon -b /tmp/runchart-life-X1/bundle', 'unclaimed'],
    ['conmon -b /var/lib/containers/storage', 'foreign'],
    ['vim /home/me/runchart/README.md', 'foreign'],
  ])('%s: %s', (text, owner) => {
    expect(ownerOf(text, 'abc')).toBe(owner)
  })
})
