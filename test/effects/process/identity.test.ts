import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable, Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import {
  identifyProcess,
  isSameProcess,
  killGroupOf,
  parseNamespaceTicks,
  parseStartTime,
  readBootId,
  signalProcess,
} from '../../../effects/process/identity.ts'

const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function sleeper() {
  const child = spawn('/bin/sleep', ['300'], { stdio: 'ignore' })
  children.push(child)
  await once(child, 'spawn')
  const identity = identifyProcess(child.pid ?? 0)
  if (identity === undefined) throw new Error('sleep is not there')
  return { child, identity }
}

describe('a process identity', () => {
  it('names a living process', async () => {
    const { child, identity } = await sleeper()
    expect(identity).toEqual({
      pid: child.pid,
      startTime: expect.stringMatching(/^\d+$/),
      bootId: readBootId(),
    })
    expect(isSameProcess(identity)).toBe(true)
  })

  it('is of nobody else: neither a later process of that number nor one of another boot', async () => {
    const { identity } = await sleeper()
    const later = { ...identity, startTime: String(Number(identity.startTime) + 1) }
    const elsewhere = { ...identity, bootId: 'another' }
    expect([later, elsewhere].map(isSameProcess)).toEqual([false, false])
    expect([later, elsewhere].map((other) => signalProcess(other, 'SIGKILL'))).toEqual([false, false])
    expect(isSameProcess(identity)).toBe(true)
  })

  it('signals its process, and tells when that is gone', async () => {
    const { child, identity } = await sleeper()
    const exited = once(child, 'exit')
    expect(signalProcess(identity, 'SIGTERM')).toBe(true)
    expect(await exited).toEqual([null, 'SIGTERM'])
    expect(isSameProcess(identity)).toBe(false)
    expect(signalProcess(identity, 'SIGTERM')).toBe(false)
    expect(identifyProcess(identity.pid)).toBeUndefined()
  })

  it('is not had by a zombie', async () => {
    // The shell becomes a sleep, which never reaps the child that the shell had. That ends when its pipe is closed.
    const parent = spawn(
      '/bin/busybox',
      ['sh', '-c', 'busybox cat <&3 & echo $!; exec busybox sleep 300 3<&-'],
      {
        env: { PATH: '/bin' },
        stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
      },
    )
    children.push(parent)
    const [line] = (await once(parent.stdout as Readable, 'data')) as [Buffer]
    const pid = Number(line.toString())
    while (!readFileSync(`/proc/${parent.pid}/cmdline`, 'latin1').includes('sleep\x00300\x00')) await delay(5)
    ;(parent.stdio[3] as Writable).destroy()
    while (!readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ')) await delay(5)
    expect(identifyProcess(pid)).toBeUndefined()
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 40])('is not had by number %s', (pid) => {
    expect(identifyProcess(pid)).toBeUndefined()
  })
})

describe('killGroupOf', () => {
  it('kills the leader and whoever is in its group', async () => {
    const leader = spawn('/bin/busybox', ['sh', '-c', 'sleep 300 & echo $!; wait'], {
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
    })
    children.push(leader)
    const [line] = (await once(leader.stdout, 'data')) as [Buffer]
    const member = identifyProcess(Number(line.toString()))
    expect(member).toBeDefined()
    if (member === undefined) return
    const exited = once(leader, 'exit')
    expect(killGroupOf(member)).toBe(true)
    expect(await exited).toEqual([null, 'SIGKILL'])
    while (isSameProcess(member)) await delay(5)
    expect(killGroupOf(member)).toBe(false)
  })

  it('kills nobody for a process that is gone and whose number is another’s', () => {
    const own = identifyProcess(process.pid)
    if (own === undefined) throw new Error('we are not there')
    expect(killGroupOf({ ...own, startTime: '1' })).toBe(false)
  })
})

describe('parseStartTime', () => {
  const rest = `1 1 1 0 -1 4194560 ${'0 '.repeat(12)}4711 99 99`

  it('reads field 22, whatever the command is called', () => {
    expect(parseStartTime(`5 (sleep) S ${rest}`)).toBe('4711')
    expect(parseStartTime(`5 (a) Z 1 (b) S ${rest}`)).toBe('4711')
  })

  it('gives nothing for the dead and for what is no such file', () => {
    for (const state of ['Z', 'X', 'x']) expect(parseStartTime(`5 (sleep) ${state} ${rest}`)).toBeUndefined()
    for (const text of ['', '5 (sleep) S 1 2', 'nonsense']) expect(parseStartTime(text)).toBeUndefined()
  })
})

describe('parseNamespaceTicks', () => {
  const offsets = (boottime: string) => `monotonic           7         0\nboottime ${boottime}\n`

  it('reads how far the clock of a time namespace is ahead, or behind', () => {
    expect(parseNamespaceTicks(offsets('         0         0'))).toBe(0)
    expect(parseNamespaceTicks(offsets('     86400         0'))).toBe(8_640_000)
    expect(parseNamespaceTicks(offsets('        -2 500000000'))).toBe(-150)
  })

  it('is 0 where the kernel has no such namespaces', () => {
    expect(parseNamespaceTicks(undefined)).toBe(0)
  })
})
