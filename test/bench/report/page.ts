import { type Claim, type Group, holds } from '../row.ts'
import { summary } from '../statistics.ts'
import { plot } from './plot.ts'
import { type Results, type RowResult, short } from './results.ts'

/** A page, and its pictures by their names. */
export interface Page {
  markdown: string
  plots: ReadonlyMap<string, string>
}

const HEAD = `# Benchmarks

What \`npm run bench\` measured beside what a user would pick instead: each row in one run, on one machine, each contender once in every round and in an order of its own. \`npm run bench -- --help\` says what can be measured, \`--write\` writes this page anew. Figures are of one machine; the ratios travel better than the milliseconds. No test is timed against a clock.

The **bare floor** is the least that has conmon and runc run a container and that hears of its exit: a loop in Node that keeps no state. A median is given with its middle half (the 25th to the 75th percentile); ratios are taken round by round, so that what slows the machine for a while falls out.
`

/**
 * The page that runs come to, each with a runtime of its own: the first with pictures, which are in \`directory\` as the
 * page sees it, the others below it.
 */
export function page(runs: readonly Results[], directory: string): Page {
  const plots = new Map<string, string>()
  const parts = runs.map((results, index) =>
    index === 0 ? main(results, directory, plots) : besides(results),
  )
  return { markdown: [HEAD, ...parts].join('\n'), plots }
}

function main(results: Results, directory: string, plots: Map<string, string>): string {
  const rows = results.rows.map((row) => section(row, directory, plots))
  return [machineText(results), overview(results.rows, linked), ...rows].join('\n')
}

/** Figures alone. */
function besides(results: Results): string {
  const { runtime, rows } = results
  const tables = rows.flatMap(({ groups, notes = [] }) => [
    ...groups.map(table),
    ...notes.map((note) => `${note}\n`),
  ])
  return [`## With ${runtime}\n`, machineText(results), overview(rows, titled), ...tables].join('\n')
}

function machineText({ measuredOn, machine, quick }: Results): string {
  const versions = Object.entries(machine.versions).map(([program, version]) => `${program} ${version}`)
  const lines = [
    `Measured on ${measuredOn}: ${machine.kernel}, ${machine.cpus}, ${machine.memoryGb} GB, cgroups of ${machine.cgroups}.`,
    `With ${versions.join(', ')}.`,
  ]
  if (quick)
    lines.push('**A quick run, of few rounds: it shows that the measurements work, and nothing else.**')
  return `${lines.join('\n')}\n`
}

type Heading = (row: RowResult) => string
const linked: Heading = ({ number, title }) => `[${number}. ${title}](#${anchor(number, title)})`
const titled: Heading = ({ number, title }) => `${number}. ${title}`

function overview(rows: readonly RowResult[], heading: Heading): string {
  const lines = rows.flatMap((row) =>
    row.claims.map((claim, index) => `| ${index === 0 ? heading(row) : ''} | ${claimCells(claim)} |`),
  )
  return `| What | Claim | Measured | Aim | |\n|---|---|---|---|---|\n${lines.join('\n')}\n`
}

function claimCells(claim: Claim): string {
  const { what, measured, unit, bound, limit } = claim
  const sign = bound === 'most' ? '≤' : '≥'
  return [
    what,
    `${short(measured)} ${unit}`,
    `${sign} ${short(limit)} ${unit}`,
    holds(claim) ? 'met' : 'missed',
  ].join(' | ')
}

/** As GitHub makes it of a heading. */
const anchor = (number: number, title: string): string =>
  `${number}. ${title}`
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')

function section(row: RowResult, directory: string, plots: Map<string, string>): string {
  const { number, title, aim, groups, notes = [] } = row
  const name = `row-${number}.svg`
  plots.set(name, plot(title, groups))
  return [
    `## ${number}. ${title}\n`,
    `Aim: ${aim}.\n`,
    `![${title}](${directory}/${name})\n`,
    ...groups.map(table),
    ...notes.map((note) => `${note}\n`),
  ].join('\n')
}

function table({ title, series }: Group): string {
  const lines = series.map(({ name, unit, samples }) => {
    const { count, median, p25, p75, p99 } = summary(samples)
    return `| ${name} | ${short(median)} ${unit} | ${short(p25)}–${short(p75)} | ${short(p99)} | ${count} |`
  })
  return `| ${title} | Median | Middle half | p99 | Samples |\n|---|---|---|---|---|\n${lines.join('\n')}\n`
}
