import type { Machine } from '../machine.ts'
import type { Measured, Row } from '../row.ts'

/** One row, measured. */
export type RowResult = Omit<Row, 'measure'> & Measured

/** One run. */
export interface Results {
  /** The day, ISO 8601. */
  measuredOn: string
  machine: Machine
  /** The OCI runtime that runchart, the bare floor and podman used. */
  runtime: string
  /** Whether it was only to be seen that it works. */
  quick: boolean
  rows: RowResult[]
}

/** With samples of four digits, which is more than is known. */
export const toJson = (results: Results): string =>
  `${JSON.stringify(results, (_, value) => (typeof value === 'number' ? shortened(value) : value), 1)}\n`

const shortened = (value: number): number => (Number.isInteger(value) ? value : Number(value.toPrecision(4)))

/** As a person reads it: three digits, thousands apart. */
export const short = (value: number): string => value.toLocaleString('en', { maximumSignificantDigits: 3 })
