import type { Row } from './row.ts'
import { command } from './rows/command.ts'
import { cpu } from './rows/cpu.ts'
import { idle } from './rows/idle.ts'
import { oneLife } from './rows/life.ts'
import { many } from './rows/many.ts'
import { opening } from './rows/opening.ts'
import { pool } from './rows/pool.ts'
import { removal } from './rows/removal.ts'
import { replay } from './rows/replay.ts'
import { stop } from './rows/stop.ts'
import { told } from './rows/told.ts'
import { transitions } from './rows/transitions.ts'

/** All that is measured, in the order of the report. */
export const ROWS: readonly Row[] = [
  oneLife,
  many,
  removal,
  command,
  told,
  stop,
  cpu,
  idle,
  transitions,
  opening,
  replay,
  pool,
]
