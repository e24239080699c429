import { readFile } from 'node:fs/promises'

/** The variable with the path of the file in which the tests of a suite put down what they injected. */
export const FAULTS_VARIABLE = 'RUNCHART_TEST_FAULTS'

/** One line of that file. */
export interface InjectedFault {
  /** What went wrong on purpose. */
  fault: string
  /** What was checked afterwards, and was true. */
  held: string
  times: number
}

/** What a suite injected, each fault once; empty where it injected nothing. */
export async function readFaults(path: string): Promise<InjectedFault[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return addUp(
    text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as InjectedFault),
  )
}

/** One entry for each fault and what held, in the order of their names. */
export function addUp(faults: readonly InjectedFault[]): InjectedFault[] {
  const sums = new Map<string, InjectedFault>()
  for (const { fault, held, times } of faults) {
    const key = JSON.stringify([fault, held])
    sums.set(key, { fault, held, times: times + (sums.get(key)?.times ?? 0) })
  }
  return [...sums.values()].sort((a, b) => `${a.fault}\0${a.held}`.localeCompare(`${b.fault}\0${b.held}`))
}

/** A table of what was injected, how often, and what held. */
export function faultTable(faults: readonly InjectedFault[]): string {
  const rows = [
    ['injected', 'times', 'held'],
    ...faults.map(({ fault, times, held }) => [fault, String(times), held]),
  ]
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  return rows
    .map(([fault = '', times = '', held = '']) =>
      [fault.padEnd(widths[0] ?? 0), times.padStart(widths[1] ?? 0), held].join('  '),
    )
    .join('\n')
}
