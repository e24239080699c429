/** What does not compile. The compiler is the test: each line below a `@ts-expect-error` must be one that it refuses. */
import type { Attachment, Container, Engine, ExecSession } from '../../src/index.ts'

/** Never called. */
export async function knownStates(engine: Engine): Promise<void> {
  // Nothing is known of a container that was only looked up, or made: everything may be asked.
  const web: Container = await engine.create({ rootfs: '/r', command: ['true'] })
  await web.pause()

  const running = await web.start()
  await running.pause()
  await running.exec(['true'])
  // @ts-expect-error it runs already
  await running.start()
  // @ts-expect-error it was never paused
  await running.resume()
  // @ts-expect-error a checkpoint is restored into one that has exited
  await running.restore()

  const paused = await web.pause()
  await paused.resume()
  await paused.stop()
  // @ts-expect-error nothing runs in a frozen container
  await paused.exec(['true'])
  // @ts-expect-error it is paused already
  await paused.pause()

  const created = await web.create()
  await created.start()
  // @ts-expect-error it does not run yet
  await created.pause()

  if (web.is('exited')) {
    await web.start()
    // @ts-expect-error it has no process
    await web.kill()
  }
  if (web.is('running', 'paused')) {
    await web.pause()
    await web.resume()
    // @ts-expect-error neither takes it
    await web.create()
  }
  // A handle that knows more is good wherever a handle is.
  const any: Container = running
  const both: Container[] = [paused, created, any]
  // @ts-expect-error but not the other way round
  const known: Container<'running'> = any
  void [both, known]
}

type Method = (...args: never[]) => unknown
type Last<Args extends readonly unknown[]> =
  Required<Args> extends readonly [...unknown[], infer Last] ? Last : never
/** Methods whose answer has to be waited for. */
type Waiting<Handle> = {
  [Key in keyof Handle]-?: Handle[Key] extends Method
    ? ReturnType<Handle[Key]> extends Promise<unknown> | AsyncIterable<unknown>
      ? Key
      : never
    : never
}[keyof Handle]
type TakesSignal<Given> = [Given] extends [never] ? false : 'signal' extends keyof Given ? true : false
/** Those of them whose last parameter takes no signal. */
type WithoutSignal<Handle> = {
  [Key in Waiting<Handle>]: Handle[Key] extends Method
    ? TakesSignal<Last<Parameters<Handle[Key]>>> extends true
      ? never
      : Key
    : never
}[Waiting<Handle>]

type Same<One, Other> = [One, Other] extends [Other, One] ? true : [One, 'is not', Other]

/** Everything that can take long can be given up. */
export const givenUp: {
  engine: Same<WithoutSignal<Engine>, never>
  container: Same<WithoutSignal<Container>, never>
  exec: Same<WithoutSignal<ExecSession>, never>
  attachment: Same<WithoutSignal<Attachment>, never>
} = { engine: true, container: true, exec: true, attachment: true }
