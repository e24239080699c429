import { chartOf } from '../../src/graph/chart.ts'
import { CHARTS, TEXT_FORMATS } from '../../src/graph/charts.ts'
import { toSvg } from './svg.ts'

/** What a format's files end in, where that is not its name. */
const ENDINGS: Record<string, string> = { mermaid: 'mmd' }

/** Every generated file of this folder, by its path in it: each chart in each format. */
export function chartFiles(): Map<string, string> {
  const files = new Map<string, string>()
  for (const [chart, machine] of Object.entries(CHARTS)) {
    for (const [format, write] of Object.entries(TEXT_FORMATS)) {
      files.set(`${format}/${chart}.${ENDINGS[format] ?? format}`, write(machine))
    }
    files.set(`svg/${chart}.svg`, toSvg(chartOf(machine)))
  }
  return files
}
