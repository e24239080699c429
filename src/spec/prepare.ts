import { resolve } from 'node:path'
import { type CgroupManager, containerCgroupsPath } from '../../effects/cgroup/placement.ts'
import { InvalidInputError } from '../errors.ts'
import type { CreateOptions } from '../types.ts'
import { assertDirectory, loadBundle } from './bundle.ts'
import { generateSpec } from './generate.ts'
import { currentHost, type SpecHost } from './host.ts'
import { validateId } from './names.ts'
import { validateOptions } from './options.ts'
import { applyOverrides } from './overrides.ts'
import type { Spec, SpecUser } from './types.ts'
import { resolveUser } from './user.ts'

/**
 * The whole spec of a new container, every path in it absolute. Reads, and changes nothing.
 *
 * @throws InvalidInputError for whatever is wrong with the options, the bundle or the root file system
 */
export async function prepareSpec(
  id: string,
  options: CreateOptions,
  host: SpecHost = currentHost(),
): Promise<Spec> {
  validateId(id)
  validateOptions(options)
  const spec =
    options.bundle === undefined
      ? await specAroundRootfs(id, { ...options, rootfs: options.rootfs ?? '' }, host)
      : await specOfBundle(options.bundle, options, host)
  if (host.uid !== 0 && options.cgroupParent === undefined) return spec
  return withCgroupsPath(spec, id, host.cgroupManager ?? 'cgroupfs', options.cgroupParent)
}

async function specAroundRootfs(
  id: string,
  options: CreateOptions & { rootfs: string },
  host: SpecHost,
): Promise<Spec> {
  const rootfs = resolve(options.rootfs)
  await assertDirectory(rootfs, 'root file system', 'give a directory with bin, lib, usr … unpacked in it')
  const user = await findUser(options.user, rootfs, host)
  if (user !== undefined) assertMapped(user, host)
  const context = { id, ...host, cgroupsPath: undefined, user }
  return generateSpec({ ...options, rootfs }, context)
}

async function specOfBundle(bundle: string, options: CreateOptions, host: SpecHost): Promise<Spec> {
  const spec = await loadBundle(bundle)
  return applyOverrides(spec, options, await findUser(options.user, spec.root.path, host))
}

async function findUser(
  user: string | undefined,
  rootfs: string,
  host: SpecHost,
): Promise<SpecUser | undefined> {
  if (user === undefined) return undefined
  const { uid, gid, additionalGids = [] } = await resolveUser(user, rootfs)
  // Runtimes refuse to set additional groups where the caller is not root.
  return { uid, gid, additionalGids: host.uid === 0 ? additionalGids : [] }
}

/** A user namespace of a single id holds root alone. */
function assertMapped({ uid, gid }: SpecUser, host: SpecHost): void {
  if (host.uid === 0 || (uid === 0 && gid === 0)) return
  throw new InvalidInputError(`cannot run as ${uid}:${gid}: only root exists in this container`, {
    hint: 'an engine that is not root maps its own user to root and no other; leave the user out, or give a bundle with mappings',
  })
}

/** Where neither the caller nor the bundle names a cgroup, the container gets one that is recognisably ours. */
function withCgroupsPath(spec: Spec, id: string, manager: CgroupManager, parent: string | undefined): Spec {
  if (parent === undefined && (spec.linux?.cgroupsPath ?? '') !== '') return spec
  return { ...spec, linux: { ...spec.linux, cgroupsPath: containerCgroupsPath(manager, id, parent) } }
}
