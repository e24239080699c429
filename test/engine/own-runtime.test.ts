import { expect, test } from 'vitest'
import type { EngineContext } from '../../src/engine/context.ts'
import { withOwnRuntime } from '../../src/engine/runtime/own-runtime.ts'

/** An engine of /bin/sh and cgroupfs, which says with what it would make another runtime. */
const engine = {
  runtime: { path: '/bin/sh' },
  creation: { cgroupManager: 'cgroupfs' },
  runtimeAt: (path: string, manager: string) => ({ path, manager }),
} as unknown as EngineContext

const monitor = (cgroupManager: 'cgroupfs' | 'systemd') => ({ cgroupManager, ports: [], reservePorts: false })

test.for([
  ["the engine's runtime and manager", { runtime: '/bin/sh', monitor: monitor('cgroupfs') }],
  ['an older store, which knew no manager', { runtime: '/bin/sh' }],
  ['a runtime that is gone', { runtime: '/nonexistent/runc', monitor: monitor('cgroupfs') }],
] as const)("a container of %s has the engine's", ([, settings]) => {
  expect(withOwnRuntime(engine, settings as Parameters<typeof withOwnRuntime>[1])).toBe(engine)
})

test.for([
  ['/bin/cat', 'cgroupfs', '/bin/cat'],
  ['/bin/sh', 'systemd', '/bin/sh'],
  ['/bin/cat', 'systemd', '/bin/cat'],
  ['/nonexistent/runc', 'systemd', '/bin/sh'],
] as const)('a container of %s and %s keeps them, as far as they are there', ([runtime, manager, path]) => {
  const own = withOwnRuntime(engine, { runtime, monitor: monitor(manager) })
  expect(own.runtime).toEqual({ path, manager })
})
