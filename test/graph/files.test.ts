import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { chartFiles } from '../../docs/charts/files.ts'
import { packageJson, projectFiles } from '../project/tree.ts'

const FOLDER = 'docs/charts'
const generated = chartFiles()

test.each([...generated])(
  'docs/charts/%s is as the chart is now (`npm run charts` writes it anew)',
  async (path, text) => {
    expect(await readFile(`${FOLDER}/${path}`, 'utf8')).toBe(text)
  },
)

test('there is no file of a chart that is no more', async () => {
  const found = (await projectFiles(FOLDER)).filter((path) => !path.endsWith('.ts'))
  expect(found).toEqual([...generated.keys()].map((path) => `${FOLDER}/${path}`).sort())
})

test('the README shows the container chart', async () => {
  expect(await readFile('README.md', 'utf8')).toMatch(/!\[[^\]]+\]\(docs\/charts\/svg\/container\.svg\)/)
})

test('the package brings the pictures along, which the command line hands out', async () => {
  const { files } = (await packageJson()) as unknown as { files: string[] }
  expect(files).toContain('docs/charts/svg')
})
