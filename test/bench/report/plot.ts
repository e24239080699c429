import { escapeXml } from '../../../src/xml.ts'
import type { Group } from '../row.ts'
import { type Summary, summary } from '../statistics.ts'
import { short } from './results.ts'

const WIDTH = 760
/** Where bars begin, behind the names. */
const LEFT = 260
const RIGHT = 620
const TOP = 44
const BAR = 26
const STYLE =
  'text{font:13px sans-serif;fill:#1f2328}.head{font-weight:bold}.ground{fill:#fff}.bar{fill:#9db7d5}.ours{fill:#2f6db5}.spread{stroke:#1f2328;stroke-width:1.5}' +
  '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117}.bar{fill:#48627f}.spread{stroke:#e6edf3}}'

/**
 * One picture of a row's groups, one below the other: a bar for each series, as long as its median, with its middle half
 * as a line over it. Lengths are compared within a group.
 */
export function plot(title: string, groups: readonly Group[]): string {
  const parts: string[] = []
  let top = 0
  for (const group of groups) {
    parts.push(...bars(group, top))
    top += TOP + group.series.length * BAR
  }
  const height = top + 12
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    ...parts,
    '</svg>',
  ].join('\n')}\n`
}

function bars({ title, series }: Group, top: number): string[] {
  const rows = series.map(({ name, unit, samples }) => ({ name, unit, ...summary(samples) }))
  const most = Math.max(...rows.map(({ p75 }) => p75), Number.MIN_VALUE)
  const across = (value: number): number => Math.round((LEFT + (value / most) * (RIGHT - LEFT)) * 10) / 10
  return [
    `<text class="head" x="16" y="${top + 26}">${escapeXml(title)}</text>`,
    ...rows.flatMap((row, index) => bar(row, top + TOP + index * BAR, across)),
  ]
}

type Bar = Summary & { name: string; unit: string }

function bar({ name, unit, median, p25, p75 }: Bar, y: number, across: (value: number) => number): string[] {
  const middle = y + BAR / 2 - 3
  const kind = name.startsWith('runchart') ? 'ours' : 'bar'
  return [
    `<text x="${LEFT - 10}" y="${middle + 5}" text-anchor="end">${escapeXml(name)}</text>`,
    `<rect class="${kind}" x="${LEFT}" y="${y}" width="${Math.round(across(median) - LEFT)}" height="${BAR - 7}" rx="2"/>`,
    `<line class="spread" x1="${across(p25)}" x2="${across(p75)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${Math.max(across(median), across(p75)) + 8}" y="${middle + 5}">${short(median)} ${unit}</text>`,
  ]
}
