import { resolve } from 'node:path'
import type { Supervisor } from '../engine/supervisor.ts'
import type { World } from '../engine/world/world.ts'
import { IllegalTransitionError } from '../errors.ts'
import { generateSpec } from '../spec/generate.ts'
import type { SpecHost } from '../spec/host.ts'
import { validateOptions } from '../spec/options.ts'
import { prepareSpec } from '../spec/prepare.ts'
import type { Spec } from '../spec/types.ts'
import { resolveUser } from '../spec/user.ts'
import type { CreateOptions, ProcessInfo } from '../types.ts'
import { notCheckpointed, SimulatedContainers } from './containers/effects.ts'
import type { SimulatedMachine } from './containers/machine.ts'
import { SimulatedSessions } from './containers/sessions.ts'
import { NotSimulatedError } from './errors.ts'

/** The machine as an engine meets it. */
export const worldOf = (machine: SimulatedMachine): World => ({
  clock: machine.clock,
  containers: new SimulatedContainers(machine),
  sessions: new SimulatedSessions(machine),
  prepareSpec: prepareSimulatedSpec,
  // Exits are told by the machine itself.
  watchExits: () => ({ doubt: () => {}, close: () => {} }),
  attach: async ({ id, name }) => {
    throw new NotSimulatedError(`attaching to container ${name} is not simulated`, {
      containerId: id,
      hint: 'read what it writes from its log, or run a command in it with exec',
    })
  },
  // Nothing that is simulated uses anything.
  usage: () => ({ cpuMs: 0, memoryPeak: 0 }),
  processes: async (supervisor) => listProcesses(machine, supervisor),
  isAlive: ({ id }) => machine.run(id)?.isAlive === true,
  assertCheckpointing: async ({ id }) => {
    throw notCheckpointed(id)
  },
})

/** A bundle is read as ever. A root file system need not be there, for nothing of it is run. */
async function prepareSimulatedSpec(id: string, options: CreateOptions, host: SpecHost): Promise<Spec> {
  const { rootfs } = options
  if (rootfs === undefined) return prepareSpec(id, options, host)
  validateOptions(options)
  const path = resolve(rootfs)
  const user = options.user === undefined ? undefined : await resolveUser(options.user, path)
  return generateSpec({ ...options, rootfs: path }, { ...host, id, cgroupsPath: undefined, user })
}

function listProcesses(machine: SimulatedMachine, supervisor: Supervisor): ProcessInfo[] {
  const { id, name, row } = supervisor
  supervisor.assertOpen()
  const run = machine.run(id)
  if (run?.isAlive !== true) {
    throw new IllegalTransitionError({ state: row.state, event: 'top', allowed: [] }, name, {
      containerId: id,
    })
  }
  const uid = supervisor.spec().process.user?.uid ?? 0
  return run.processes.map(({ pid, startedAt, command }) => ({
    ...{ pid, ppid: run.monitor.pid, uid, startedAt, cpuMs: 0, command: [...command] },
  }))
}
