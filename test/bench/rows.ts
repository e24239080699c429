import type { Row } from './row.ts'
import { cpu } from './rows/cpu.ts'
import { idle } from './rows/idle.ts'
import { oneLife } from './rows/life.ts'
import { opening } from './rows/opening.ts'
import { replay } from './rows/replay.ts'
import { told } from './rows/told.ts'
import { transitions } from './rows/transitions.ts'

/** All that is measured, in the order of the report. */
export const ROWS: readonly Row[] = [oneLife, told, cpu, idle, transitions, opening, replay]
