import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { page } from './page.ts'
import { type Results, toJson } from './results.ts'

const RESULTS = 'docs/benchmarks/results.json'
const PAGE = 'docs/benchmarks.md'
const PLOTS = 'docs/benchmarks/plots'

/** Keeps what a run has come to, in the project at `top`, and writes its page. */
export function keepResults(results: Results, top = '.'): void {
  mkdirSync(join(top, 'docs/benchmarks'), { recursive: true })
  writeFileSync(join(top, RESULTS), toJson(results))
  writePage(top)
}

/** Writes the page of the results that are kept. */
export function writePage(top = '.'): void {
  for (const [path, text] of pageFiles(top)) {
    mkdirSync(join(top, PLOTS), { recursive: true })
    writeFileSync(join(top, path), text)
  }
  const wanted = pageFiles(top)
  for (const name of readdirSync(join(top, PLOTS))) {
    if (!wanted.has(`${PLOTS}/${name}`)) rmSync(join(top, PLOTS, name))
  }
}

/** The page and its pictures as they are to be, by their paths. */
export function pageFiles(top = '.'): Map<string, string> {
  const results = JSON.parse(readFileSync(join(top, RESULTS), 'utf8')) as Results
  const { markdown, plots } = page(results, 'benchmarks/plots')
  const pictures = [...plots].map(([name, text]) => [`${PLOTS}/${name}`, text] as const)
  return new Map([[PAGE, markdown], ...pictures])
}
