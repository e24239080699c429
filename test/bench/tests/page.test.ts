import { readFileSync } from 'node:fs'
import { DOMParser } from '@xmldom/xmldom'
import { describe, expect, it } from 'vitest'
import { page } from '../report/page.ts'
import { type Results, toJson } from '../report/results.ts'
import { pageFiles } from '../report/write.ts'

const results: Results = {
  measuredOn: '2026-01-31',
  machine: {
    kernel: 'Linux 6.18.1',
    cpus: '2 × Some CPU',
    memoryGb: 8,
    cgroups: 'version 2',
    versions: { runc: '1.1.5' },
  },
  runtime: 'runc',
  quick: false,
  rows: [
    {
      number: 3,
      title: 'Removing `a < b`',
      aim: '≥ 3 × faster',
      groups: [
        {
          title: 'From the call to <its> end',
          series: [
            { name: 'runchart', unit: 'ms', samples: [10, 20, 30] },
            { name: 'other', unit: 'ms', samples: [1000, 2000, 3000] },
          ],
        },
      ],
      claims: [
        { what: 'the other, of ours', measured: 2.5, unit: '×', bound: 'least', limit: 3 },
        { what: 'ours', measured: 20, unit: 'ms', bound: 'most', limit: 20 },
      ],
      notes: ['Something was left out.'],
    },
  ],
}

describe('the page of a run', () => {
  const { markdown, plots } = page([results], 'plots')

  it('says what it was measured on', () => {
    expect(markdown).toContain(
      'Measured on 2026-01-31: Linux 6.18.1, 2 × Some CPU, 8 GB, cgroups of version 2.',
    )
    expect(markdown).toContain('With runc 1.1.5.')
    expect(markdown).not.toContain('quick run')
    expect(page([{ ...results, quick: true }], 'plots').markdown).toContain('A quick run')
  })

  it('says of each claim whether it holds, the bound itself included', () => {
    expect(markdown).toContain(
      '| [3. Removing `a < b`](#3-removing-a--b) | the other, of ours | 2.5 × | ≥ 3 × | missed |',
    )
    expect(markdown).toContain('|  | ours | 20 ms | ≤ 20 ms | met |')
  })

  it('has each series with its spread and its samples', () => {
    expect(markdown).toContain('| other | 2,000 ms | 1,500–2,500 | 2,980 | 3 |')
    expect(markdown).toContain('Something was left out.')
  })

  it('has a picture of each row, well-formed whatever its words, with bars as long as the medians', () => {
    expect(markdown).toContain('![Removing `a < b`](plots/row-3.svg)')
    const svg = plots.get('row-3.svg') ?? ''
    const document = new DOMParser().parseFromString(svg, 'image/svg+xml')
    const widths = [...document.getElementsByTagName('rect')]
      .slice(1)
      .map((bar) => Number(bar.getAttribute('width')))
    expect(widths).toEqual([3, 288])
    expect(svg).toContain('2,000 ms')
  })
})

describe('a run with another runtime', () => {
  const { markdown, plots } = page([results, { ...results, runtime: 'crun' }], 'plots')

  it('is told below the first, without pictures', () => {
    const [first = '', second = ''] = markdown.split('## With crun\n')
    expect(first).toContain('![Removing `a < b`](plots/row-3.svg)')
    expect(second).toContain('| 3. Removing `a < b` | the other, of ours | 2.5 × | ≥ 3 × | missed |')
    expect(second).toContain('| other | 2,000 ms | 1,500–2,500 | 2,980 | 3 |')
    expect(second).not.toContain('![')
    expect([...plots.keys()]).toEqual(['row-3.svg'])
  })
})

describe('the results', () => {
  it('are written with four digits of each sample', () => {
    const [row] = results.rows
    const written = toJson({ ...results, rows: row === undefined ? [] : [{ ...row, notes: [], claims: [] }] })
    expect(JSON.parse(written).rows[0].groups[0].series[0].samples).toEqual([10, 20, 30])
    expect(toJson({ ...results, machine: { ...results.machine, memoryGb: 1.234567 } })).toContain('1.235')
  })

  it('that are kept have the page and the pictures that are made of them', () => {
    for (const [path, text] of pageFiles()) expect(readFileSync(path, 'utf8'), path).toBe(text)
  })
})
