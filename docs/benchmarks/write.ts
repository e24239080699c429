/** Writes docs/benchmarks.md and its pictures anew, from the results of the last run that was kept. */
import { writePage } from '../../test/bench/report/write.ts'

writePage()
