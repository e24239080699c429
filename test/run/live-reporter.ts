import type { Reporter, TestCase, TestModule } from 'vitest/node'

/**
 * Says at once what failed, and where a suite is cut off, what was running. Vitest's own reporters tell of
 * failures at the end, which a suite that hangs never comes to.
 */
export default class LiveReporter implements Reporter {
  readonly #running = new Set<string>()

  constructor() {
    process.once('SIGTERM', () => {
      for (const file of this.#running) console.log(`still running: ${file}`)
      process.exit(1)
    })
  }

  onTestModuleStart(module: TestModule): void {
    this.#running.add(module.relativeModuleId)
  }

  onTestModuleEnd(module: TestModule): void {
    this.#running.delete(module.relativeModuleId)
  }

  onTestCaseReady(test: TestCase): void {
    this.#running.add(nameOf(test))
  }

  onTestCaseResult(test: TestCase): void {
    this.#running.delete(nameOf(test))
    for (const { message } of test.result().errors ?? []) console.log(`failed: ${nameOf(test)}: ${message}`)
  }
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`
}
