import { print } from './print.ts'
import { exitCodeOf, reportError } from './report.ts'

/**
 * Does the same for several containers at once and prints each result in the order asked. One that fails is
 * reported and does not keep the others from being done.
 */
export async function forEach(
  refs: readonly string[],
  work: (ref: string) => Promise<string | undefined>,
): Promise<void> {
  const results = refs.map((ref) => work(ref))
  // The loop below looks at each in turn; one further on may fail before.
  for (const result of results) result.catch(() => {})
  for (const result of results) {
    const line = await result.catch((error: unknown) => {
      reportError(error)
      process.exitCode = exitCodeOf(error)
      return undefined
    })
    if (line !== undefined) await print(`${line}\n`)
  }
}
