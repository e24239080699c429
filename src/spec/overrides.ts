import type { CreateOptions } from '../types.ts'
import { CPU_PERIOD } from './defaults.ts'
import type { Spec, SpecLinux, SpecResources, SpecUser } from './types.ts'

/**
 * The spec with what the options name changed, and nothing else. `user` is what `options.user` was resolved
 * to. Pure; the given spec is left as it was, and the options are taken as valid.
 */
export function applyOverrides(spec: Spec, options: CreateOptions, user?: SpecUser): Spec {
  const { process, root } = spec
  const changed: Spec = {
    ...spec,
    process: {
      ...process,
      ...given('terminal', options.terminal),
      ...given('args', options.command),
      ...(options.env === undefined ? {} : { env: mergeEnv(process.env ?? [], options.env) }),
      ...given('cwd', options.workdir),
      ...given('user', user === undefined ? undefined : { ...process.user, ...withoutGids(user) }),
    },
    root: { ...root, ...given('readonly', options.readOnly) },
    ...given('hostname', options.hostname),
    ...given('linux', limitedLinux(spec.linux, options)),
  }
  return structuredClone(changed)
}

/** The former user's additional groups must not stay with the new one. */
function withoutGids(user: SpecUser): SpecUser & { additionalGids: number[] } {
  return { ...user, additionalGids: user.additionalGids ?? [] }
}

function given<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { [name in Key]: Value } | Record<never, never> {
  return value === undefined ? {} : ({ [key]: value } as { [name in Key]: Value })
}

function limitedLinux(linux: SpecLinux | undefined, options: CreateOptions): SpecLinux | undefined {
  const resources = limitedResources(linux?.resources, options)
  const limited = resources === linux?.resources ? linux : { ...linux, ...given('resources', resources) }
  return options.network === undefined ? limited : { ...limited, namespaces: ownNetwork(limited?.namespaces) }
}

/** One that is nobody else's, in whatever place the spec has it. */
function ownNetwork(namespaces: SpecLinux['namespaces'] = []): NonNullable<SpecLinux['namespaces']> {
  const network = { type: 'network' }
  const has = namespaces.some(({ type }) => type === 'network')
  return has ? namespaces.map((each) => (each.type === 'network' ? network : each)) : [...namespaces, network]
}

function limitedResources(
  resources: SpecResources | undefined,
  { memory, pidsLimit, cpus }: CreateOptions,
): SpecResources | undefined {
  if (memory === undefined && pidsLimit === undefined && cpus === undefined) return resources
  const changed = { ...resources }
  if (memory !== undefined) changed.memory = { ...changed.memory, limit: memory }
  if (pidsLimit !== undefined) changed.pids = { ...changed.pids, limit: pidsLimit }
  if (cpus !== undefined) changed.cpu = { ...changed.cpu, ...cpuShare(cpus) }
  return changed
}

function cpuShare(cpus: number): { quota: number; period: number } {
  return { quota: Math.round(cpus * CPU_PERIOD), period: CPU_PERIOD }
}

/** Each variable stays where it was first named; its last value wins. */
function mergeEnv(present: string[], added: string[]): string[] {
  const merged = new Map<string, string>()
  for (const entry of [...present, ...added]) merged.set(variableName(entry), entry)
  return [...merged.values()]
}

function variableName(entry: string): string {
  const end = entry.indexOf('=')
  return end === -1 ? entry : entry.slice(0, end)
}
