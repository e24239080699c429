import type { Row } from './row.ts'
import { idle } from './rows/idle.ts'
import { replay } from './rows/replay.ts'
import { transitions } from './rows/transitions.ts'

/** All that is measured, in the order of the report. */
export const ROWS: readonly Row[] = [idle, transitions, replay]
