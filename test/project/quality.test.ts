import { execa } from 'execa'
import { describe, expect, it } from 'vitest'

/** Runs a tool of the project; what it printed, and whether it was content. */
async function run(...command: [string, ...string[]]) {
  const [file, ...args] = command
  const { exitCode, all } = await execa(file, args, {
    all: true,
    reject: false,
    preferLocal: true,
    stdin: 'ignore',
  })
  return { content: exitCode === 0, output: all }
}

describe('the code', () => {
  it('is formatted and free of lint, by Biome', { timeout: 300_000 }, async () => {
    const { content, output } = await run('biome', 'check', '--error-on-warnings', '.')
    expect(content, output).toBe(true)
  })

  // Both take seconds; a machine with other work beside it takes minutes.
  it('has right types, by TypeScript', { timeout: 300_000 }, async () => {
    for (const project of ['.', 'src/inspector/page']) {
      const { content, output } = await run('tsc', '--noEmit', '-p', project)
      expect(content, output).toBe(true)
    }
  })

  it.each([
    ['sh', 'src/setup/install.sh'],
    ['bash', '.ci/run'],
  ])('can be parsed by %s: %s', async (shell, script) => {
    const { content, output } = await run(shell, '-n', script)
    expect(content, output).toBe(true)
  })
})
