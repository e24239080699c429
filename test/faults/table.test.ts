import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { temporaryDirectory } from '../fixtures/temporary.ts'
import { addUp, faultTable, readFaults } from './table.ts'

test('what several tests injected is added up, by fault and by what held', async () => {
  await using directory = await temporaryDirectory()
  const path = join(directory.path, 'faults.jsonl')
  const lines = [
    { fault: 'conmon killed', held: 'the exit is recorded', times: 2 },
    { fault: 'a full disk', held: 'an ESTORE', times: 1 },
    { fault: 'conmon killed', held: 'the exit is recorded', times: 3 },
    { fault: 'conmon killed', held: 'an event says so', times: 1 },
  ]
  await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''))
  expect(await readFaults(path)).toEqual([
    { fault: 'a full disk', held: 'an ESTORE', times: 1 },
    { fault: 'conmon killed', held: 'an event says so', times: 1 },
    { fault: 'conmon killed', held: 'the exit is recorded', times: 5 },
  ])
})

test('a suite that injected nothing has no faults', async () => {
  expect(await readFaults('/no/such/file')).toEqual([])
})

test('the table has a line for each fault', () => {
  const faults = addUp([
    { fault: 'conmon killed', held: 'an event says so', times: 12 },
    { fault: 'a full disk', held: 'an ESTORE', times: 1 },
  ])
  expect(faultTable(faults)).toBe(
    [
      'injected       times  held',
      'a full disk        1  an ESTORE',
      'conmon killed     12  an event says so',
    ].join('\n'),
  )
})
