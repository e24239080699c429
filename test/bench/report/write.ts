import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { page } from './page.ts'
import { type Results, toJson } from './results.ts'

/** Of each runtime that was measured with; the first is the one that the page is about. */
const RUNTIMES = ['runc', 'crun']
const resultsOf = (runtime: string): string => `docs/benchmarks/${runtime}.json`
const PAGE = 'docs/benchmarks.md'
const PLOTS = 'docs/benchmarks/plots'

/** Keeps what a run has come to, in the project at `top`, and writes its page. */
export function keepResults(results: Results, top = '.'): void {
  mkdirSync(join(top, 'docs/benchmarks'), { recursive: true })
  writeFileSync(join(top, resultsOf(results.runtime)), toJson(results))
  writePage(top)
}

/** Writes the page of all results that are kept. */
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
  const kept = RUNTIMES.map((runtime) => join(top, resultsOf(runtime))).filter(existsSync)
  const runs = kept.map((path) => JSON.parse(readFileSync(path, 'utf8')) as Results)
  const { markdown, plots } = page(runs, 'benchmarks/plots')
  const pictures = [...plots].map(([name, text]) => [`${PLOTS}/${name}`, text] as const)
  return new Map([[PAGE, markdown], ...pictures])
}
