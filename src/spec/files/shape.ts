import { quote } from '../../../effects/quote.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Spec } from '../types.ts'

type Json = Record<string, unknown>

/**
 * Makes sure of those members of a config.json that runchart reads or sets. The rest is the runtime's to judge.
 *
 * @param path of the file, for the message
 * @throws InvalidInputError
 */
export function assertSpecShape(value: unknown, path: string): asserts value is Spec {
  const wrong = [...faults(value)][0]
  if (wrong !== undefined) {
    throw new InvalidInputError(`cannot use ${quote(path)}: ${wrong}`, {
      hint: 'config.json has the shape of the OCI runtime specification; `runc spec` writes one to compare with',
    })
  }
}

/** Each says what is wrong with the value; one that is missing is told of as such. */
function* faults(value: unknown): Generator<string> {
  if (!isObject(value)) {
    yield 'it is not a JSON object'
    return
  }
  if (typeof value.ociVersion !== 'string') yield expected('ociVersion', 'a string such as "1.0.2"')
  yield* processFaults(value.process)
  if (!isObject(value.root) || !isText(value.root.path)) yield expected('root.path', 'a path')
  yield* mountFaults(value.mounts)
  if (value.hostname !== undefined && typeof value.hostname !== 'string') {
    yield expected('hostname', 'a string')
  }
  yield* linuxFaults(value.linux)
}

function* processFaults(process: unknown): Generator<string> {
  if (!isObject(process)) {
    yield expected('process', 'an object')
    return
  }
  if (!isTexts(process.args) || process.args.length === 0) {
    yield expected('process.args', 'a list of at least one string')
  }
  if (!isText(process.cwd) || !process.cwd.startsWith('/')) yield expected('process.cwd', 'an absolute path')
  if (process.env !== undefined && !isTexts(process.env)) yield expected('process.env', 'a list of strings')
  if (process.user !== undefined && !isObject(process.user)) yield expected('process.user', 'an object')
  for (const flag of ['terminal', 'noNewPrivileges']) {
    const given = process[flag]
    if (given !== undefined && typeof given !== 'boolean') yield expected(`process.${flag}`, 'true or false')
  }
  const { selinuxLabel } = process
  if (selinuxLabel !== undefined && typeof selinuxLabel !== 'string') {
    yield expected('process.selinuxLabel', 'a string')
  }
  yield* capabilityFaults(process.capabilities)
}

function* capabilityFaults(capabilities: unknown): Generator<string> {
  if (capabilities === undefined) return
  if (!isObject(capabilities)) {
    yield expected('process.capabilities', 'an object')
    return
  }
  for (const set of ['bounding', 'effective', 'permitted']) {
    const given = capabilities[set]
    if (given !== undefined && !isTexts(given))
      yield expected(`process.capabilities.${set}`, 'a list of strings')
  }
}

function* mountFaults(mounts: unknown): Generator<string> {
  if (mounts === undefined) return
  if (!Array.isArray(mounts)) {
    yield expected('mounts', 'a list')
    return
  }
  for (const [index, mount] of mounts.entries()) {
    const name = `mounts[${index}]`
    if (!isObject(mount) || !isText(mount.destination)) yield expected(`${name}.destination`, 'a path')
    else if (mount.source !== undefined && typeof mount.source !== 'string') {
      yield expected(`${name}.source`, 'a string')
    } else if (mount.options !== undefined && !isTexts(mount.options)) {
      yield expected(`${name}.options`, 'a list of strings')
    }
  }
}

function* linuxFaults(linux: unknown): Generator<string> {
  if (linux === undefined) return
  if (!isObject(linux)) {
    yield expected('linux', 'an object')
    return
  }
  const { cgroupsPath, namespaces } = linux
  if (cgroupsPath !== undefined && (typeof cgroupsPath !== 'string' || cgroupsPath.includes('\0'))) {
    yield expected('linux.cgroupsPath', 'a string')
  }
  if (namespaces !== undefined && !(Array.isArray(namespaces) && namespaces.every(isObject))) {
    yield expected('linux.namespaces', 'a list of objects')
  }
  yield* resourceFaults(linux.resources)
}

function* resourceFaults(resources: unknown): Generator<string> {
  if (resources === undefined) return
  if (!isObject(resources)) {
    yield expected('linux.resources', 'an object')
    return
  }
  for (const name of ['memory', 'cpu', 'pids']) {
    const given = resources[name]
    if (given !== undefined && !isObject(given)) yield expected(`linux.resources.${name}`, 'an object')
  }
}

function expected(member: string, shape: string): string {
  return `${member} must be ${shape}`
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && !value.includes('\0')
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((entry) => typeof entry === 'string' && !entry.includes('\0'))
}
