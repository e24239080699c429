import { expect, test } from 'vitest'
import { chartFiles } from '../../docs/charts/files.ts'
import { runchart } from '../cli/place.ts'

const files = chartFiles()

test.for([
  [[], 'mermaid/container.mmd'],
  [['exec'], 'mermaid/exec.mmd'],
  [['restart', '--format', 'svg'], 'svg/restart.svg'],
  [['health', '--format', 'dot'], 'dot/health.dot'],
  [['--format', 'json'], 'json/container.json'],
  [['container', '--format', 'scxml'], 'scxml/container.scxml'],
] as const)('graph %j prints what docs/charts/%s has, and asks no owner', async ([args, file]) => {
  const result = await runchart(['--run-root', '/nonexistent/run', 'graph', ...args])
  expect(result).toMatchObject({ exitCode: 0, stderr: '', stdout: files.get(file) })
})
