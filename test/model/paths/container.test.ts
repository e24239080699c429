import { expect, test } from 'vitest'
import { container } from './container.ts'
import { coverageOf, told } from './coverage.ts'
import { walk } from './walk.ts'

test('every transition of the container chart is taken, from every state that has it', async () => {
  expect(told('container', coverageOf(container, await walk(container)))).toEqual({
    missing: [],
    needless: [],
  })
})
