/**
 * Adds up the reports of suites that have run, and ends with a line that counts their tests.
 *
 *     node test/run/summary.ts fast full
 */
import { finish } from './finish.ts'
import { isSuite, suiteResults } from './suite.ts'

const results = await Promise.all(process.argv.slice(2).filter(isSuite).map(suiteResults))
await finish(results.flat())
