import { readFile } from 'node:fs/promises'
import { Argument, type Command, Option } from 'commander'
import { packageFolder } from '../../../api/version.ts'
import { CHARTS, type ChartName, TEXT_FORMATS } from '../../../graph/charts.ts'
import { print } from '../../output/print.ts'

type Format = keyof typeof TEXT_FORMATS | 'svg'

const FORMATS: Format[] = ['mermaid', 'svg', 'dot', 'json', 'scxml']

export function define(command: Command): void {
  const charts = Object.keys(CHARTS)
  command
    .addArgument(new Argument('[chart]', 'whose').choices(charts).default('container' satisfies ChartName))
    .addOption(new Option('--format <format>', 'what to write it as').choices(FORMATS).default('mermaid'))
    .addHelpText('after', HELP)
    .action(async (chart: ChartName, { format }: { format: Format }) => {
      await print(format === 'svg' ? await packagedSvg(chart) : TEXT_FORMATS[format](CHARTS[chart]))
    })
}

/** Drawn when the chart is changed, not when it is asked for: that takes a program that lays out graphs. */
function packagedSvg(chart: ChartName): Promise<Buffer> {
  return readFile(new URL(`docs/charts/svg/${chart}.svg`, packageFolder()))
}

const HELP = `
The charts are those that run. It asks no owner. What leads nowhere, and actions, are in json and scxml alone.
  mermaid  for Markdown            svg    a picture, for light and dark
  dot      for Graphviz            json   for Stately's tools, and createMachine of XState
  scxml    of the W3C, for other tools

Examples:
  runchart graph
  runchart graph container --format svg > container.svg
  runchart graph exec --format dot | dot -Tpng > exec.png
  runchart graph restart --format json > restart.json`
