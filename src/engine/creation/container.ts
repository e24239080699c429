import { statSync } from 'node:fs'
import { dirname, isAbsolute } from 'node:path'
import { type CgroupManager, monitorPlacement } from '../../../effects/cgroup/placement.ts'
import { isPort, validatePort } from '../../../effects/ports/reserve.ts'
import { quote } from '../../../effects/quote.ts'
import { InvalidInputError, type RunchartError } from '../../errors.ts'
import type { Spec } from '../../spec/types.ts'
import type { MonitorSettings } from '../../store/records.ts'
import type { ContainerInfo, CreateOptions, PortMapping } from '../../types.ts'
import { validManager } from './settings.ts'

/**
 * Makes sure of what concerns a container's conmon, and gives who makes its cgroup.
 *
 * @throws InvalidInputError
 */
export function validateMonitorOptions(
  options: CreateOptions,
  engine: { cgroupManager: CgroupManager },
): CgroupManager {
  const manager = validManager(options.cgroupManager ?? engine.cgroupManager)
  const { ports, exitCommand, conmonPidFile, cgroupParent, reservePorts } = options
  if (ports !== undefined && !Array.isArray(ports)) throw invalid('ports', ports, 'give a list')
  for (const port of ports ?? []) validateMapping(port)
  if (exitCommand !== undefined) validateExitCommand(exitCommand)
  if (conmonPidFile !== undefined) validatePidFile(conmonPidFile)
  if (cgroupParent !== undefined) validateParent(cgroupParent, manager)
  if (reservePorts !== undefined && typeof reservePorts !== 'boolean') {
    throw invalid('reservePorts', reservePorts, 'give true or false')
  }
  return manager
}

/** What of it is kept with the container, whose later runs are then created as its first. */
export function monitorSettings(
  id: string,
  options: CreateOptions,
  spec: Spec,
  engine: { cgroupManager: CgroupManager; reservePorts: boolean },
): MonitorSettings {
  const { exitCommand, conmonPidFile, ports = [] } = options
  const isRoot = process.geteuid?.() === 0
  const reserved = options.reservePorts ?? engine.reservePorts
  const cgroupManager = options.cgroupManager ?? engine.cgroupManager
  return {
    cgroupManager,
    placement: isRoot ? monitorPlacement(cgroupManager, id, spec.linux?.cgroupsPath) : undefined,
    ports: [...ports],
    reservePorts: reserved,
    ...(exitCommand !== undefined && { exitCommand }),
    ...(conmonPidFile !== undefined && { conmonPidFile }),
  }
}

/** What `inspect` shows of it; a container of an older store has none of it. */
export function monitorInfo(
  settings: MonitorSettings | undefined,
): Pick<ContainerInfo, 'cgroupManager' | 'ports' | 'reservePorts' | 'exitCommand' | 'conmonPidFile'> {
  return {
    cgroupManager: settings?.cgroupManager ?? 'cgroupfs',
    ports: settings?.ports ?? [],
    reservePorts: settings?.reservePorts ?? false,
    exitCommand: settings?.exitCommand ?? null,
    conmonPidFile: settings?.conmonPidFile ?? null,
  }
}

function validateMapping(port: PortMapping): void {
  try {
    validatePort(port)
  } catch (error) {
    const { message, hint } = error as RunchartError
    throw new InvalidInputError(message, { hint })
  }
  const { containerPort } = port
  if (containerPort !== undefined && !isPort(containerPort)) {
    throw invalid('port of the container', containerPort, 'give a whole number from 1 to 65535')
  }
}

function validateExitCommand(command: readonly string[]): void {
  const isList = Array.isArray(command) && command.every((word) => word === '' || isText(word))
  if (!isList || !isAbsolute(command[0] ?? '')) {
    throw invalid('exit command', command, 'give the absolute path of a program, and its arguments')
  }
}

function validatePidFile(path: string): void {
  if (!isText(path) || !isAbsolute(path) || path.endsWith('/')) {
    throw invalid('pid file of conmon', path, 'give an absolute path')
  }
  if (statSync(dirname(path), { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw invalid('pid file of conmon', path, `make the directory ${dirname(path)} first`)
  }
}

function validateParent(parent: string, manager: CgroupManager): void {
  const hint =
    manager === 'systemd'
      ? 'under systemd, give a slice such as ci.slice'
      : 'under cgroupfs, give an absolute path that is no slice, such as /ci'
  const isSlice = isText(parent) && /^(?:.*\/)?[\w.:\\@-]+\.slice$/.test(parent)
  const fits = manager === 'systemd' ? isSlice : isText(parent) && isAbsolute(parent) && !isSlice
  if (!fits || parent.split('/').includes('..')) throw invalid('parent of the cgroup', parent, hint)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}

function invalid(what: string, value: unknown, hint: string): InvalidInputError {
  return new InvalidInputError(`invalid ${what} ${quote(value)}`, { hint })
}
