import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { exitCodeOf, zombieStatus } from '../../../effects/process/exit-status.ts'
import { type ExitWatch, watchExit } from '../../../effects/process/exit-watch.ts'
import { identifyProcess, type ProcessIdentity } from '../../../effects/process/identity.ts'
import { script } from '../../fixtures/programs.ts'
import { temporaryDirectory } from '../../fixtures/temporary.ts'
import { TELLS_REAPED } from '../kernel.ts'
import { held } from '../lab.ts'

/** What a parent does once it has told its child's pid. */
const WAITS = 'wait'
const NEVER_WAITS = 'exec sleep 1000'

/** The child of another process of ours; it ends when it is signalled. */
async function grandchild(parentThen: string): Promise<{ identity: ProcessIdentity }> {
  const directory = await temporaryDirectory()
  onTestFinished(() => directory[Symbol.asyncDispose]())
  const child = script(directory.path, 'child', 'trap "exit 7" TERM; echo $$; while :; do sleep 0.02; done')
  const path = script(directory.path, 'parent', `${child} &\n${parentThen}`)
  const parent = spawn(path, { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void parent.kill('SIGKILL'))
  const [line] = await once(createInterface(parent.stdout), 'line')
  const identity = identifyProcess(Number(line))
  if (identity === undefined) throw new Error(`no process ${line}`)
  onTestFinished(() => signal(identity, 'SIGKILL'))
  return { identity }
}

function signal({ pid }: ProcessIdentity, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {}
}

async function watched(identity: ProcessIdentity): Promise<ExitWatch> {
  const watch = await watchExit(identity)
  if (watch === undefined) throw new Error('nothing is watched')
  onTestFinished(() => watch.close())
  return watch
}

/** Waits without letting the event loop hear of anything. */
function blockUntil(isSo: () => boolean): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4))
  while (!isSo()) Atomics.wait(nothing, 0, 0, 5)
}

const stateOf = ({ pid }: ProcessIdentity): string | undefined =>
  /\) (.)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]

const descriptors = (): number => readdirSync('/proc/self/fd').length

describe('the exit of a process that is another’s child', () => {
  test.each([
    ['SIGTERM', 7],
    ['SIGKILL', 137],
  ] as const)('is told with its code, though nobody waits for it: %s, %i', async (name, code) => {
    const { identity } = await grandchild(NEVER_WAITS)
    const { ended } = await watched(identity)
    signal(identity, name)
    expect(await held(ended)).toBe(code)
    expect(stateOf(identity)).toBe('Z')
  })

  test.each([
    ['SIGTERM', 7],
    ['SIGKILL', 137],
  ] as const)('is told with its code after it was waited for: %s, %i', async (name, code) => {
    const { identity } = await grandchild(WAITS)
    const { ended } = await watched(identity)
    signal(identity, name)
    blockUntil(() => !existsSync(`/proc/${identity.pid}`))
    expect(await held(ended)).toBe(TELLS_REAPED ? code : undefined)
  })

  test('is told where it has ended before, and nobody has waited for it', async () => {
    const { identity } = await grandchild(NEVER_WAITS)
    signal(identity, 'SIGTERM')
    blockUntil(() => stateOf(identity) === 'Z')
    const { ended } = await watched(identity)
    expect(await held(ended)).toBe(7)
  })

  test('is none where the process is gone', async () => {
    const { identity } = await grandchild(WAITS)
    signal(identity, 'SIGKILL')
    blockUntil(() => !existsSync(`/proc/${identity.pid}`))
    expect(await watchExit(identity)).toBeUndefined()
  })

  test.each([
    ['a later process of that number', { startTime: '1' }],
    ['a process of another boot', { bootId: 'another' }],
  ])('is not that of %s', async (_, difference) => {
    const { identity } = await grandchild(WAITS)
    const before = descriptors()
    expect(await watchExit({ ...identity, ...difference })).toBeUndefined()
    expect(descriptors()).toBe(before)
  })
})

describe('a watch', () => {
  test('takes no thread, and lets the event loop rest', async () => {
    const { identity } = await grandchild(WAITS)
    // Whatever threads the first one starts.
    ;(await watched(identity)).close()
    await delay(50)
    const threads = readdirSync('/proc/self/task').length
    const watch = await watched(identity)
    await delay(50)
    const { loopCount } = performance.nodeTiming.uvMetricsInfo
    await delay(300)
    expect(performance.nodeTiming.uvMetricsInfo.loopCount - loopCount).toBeLessThan(50)
    expect(readdirSync('/proc/self/task')).toHaveLength(threads)
    watch.close()
  })

  test('that is closed says nothing, and holds nothing', async () => {
    const { identity } = await grandchild(NEVER_WAITS)
    const before = descriptors()
    const watch = await watched(identity)
    expect(descriptors()).toBeGreaterThan(before)
    watch.close()
    watch.close()
    await expect.poll(descriptors).toBe(before)
    signal(identity, 'SIGKILL')
    blockUntil(() => stateOf(identity) === 'Z')
    const silent = await Promise.race([watch.ended.then(() => 'told'), delay(50, 'silent')])
    expect(silent).toBe('silent')
  })

  test('that has told holds nothing', async () => {
    const { identity } = await grandchild(NEVER_WAITS)
    const before = descriptors()
    const { ended } = await watched(identity)
    signal(identity, 'SIGKILL')
    await held(ended)
    await expect.poll(descriptors).toBe(before)
  })
})

/** As a user who may not look at what is root's. */
function asNobody<T>(work: () => T): T {
  process.seteuid?.(65_534)
  try {
    return work()
  } finally {
    process.seteuid?.(0)
  }
}

describe('a wait status', () => {
  test.each([
    [0, 0],
    [7 << 8, 7],
    [255 << 8, 255],
    [9, 137],
    // With a core dump.
    [11 | 0x80, 139],
  ])('%i is code %i', (status, code) => {
    expect(exitCodeOf(status)).toBe(code)
  })

  test('is not had of a process that lives', async () => {
    const { identity } = await grandchild(WAITS)
    expect(zombieStatus(identity)).toBeUndefined()
  })

  test('is not taken for 0 where the kernel does not show it', async ({ skip }) => {
    if (process.geteuid?.() !== 0) skip('only root can become another user')
    const { identity } = await grandchild(NEVER_WAITS)
    signal(identity, 'SIGTERM')
    blockUntil(() => stateOf(identity) === 'Z')
    expect(zombieStatus(identity)).toBe(7 << 8)
    expect(asNobody(() => zombieStatus(identity))).toBeUndefined()
  })
})
