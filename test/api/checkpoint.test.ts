import { expect, test } from 'vitest'
import { startOwner } from './owner.ts'

test('a checkpoint and a restore are asked for with what was said, and answered with the container', async () => {
  await using owner = await startOwner()
  const { client, engine } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  const image = { imagePath: '/i', tcpEstablished: true }
  expect(await client.checkpoint('web', { ...image, leaveRunning: true })).toMatchObject({ state: 'exited' })
  expect(engine.get('web').asked).toMatchObject({ ...image, leaveRunning: true })
  expect(await client.restore('web', image)).toMatchObject({ state: 'running' })
  expect(engine.get('web').asked).toMatchObject(image)
  await client.checkpoint('web')
  await client.restore('web')
})

test('what a checkpoint and a restore do not know is refused', async () => {
  await using owner = await startOwner()
  const { client } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  const strange = { leaveRunning: 'yes' } as never
  await expect(client.checkpoint('web', strange)).rejects.toMatchObject({ code: 'EINPUT' })
  await expect(client.restore('web', { leaveRunning: true } as never)).rejects.toThrow(/leaveRunning/)
  expect(await client.inspect('web')).toMatchObject({ state: 'created' })
})

test('cleanup, refresh and top are routes of their own', async () => {
  await using owner = await startOwner()
  const { client } = owner
  await client.create({ name: 'web', rootfs: '/r' })
  expect(await client.refresh('web')).toMatchObject({ name: 'web', state: 'created' })
  expect(await client.top('web')).toMatchObject([{ pid: 10, command: ['sh'] }])
  expect(await client.cleanup('web')).toMatchObject({ state: 'exited' })
})
