import type { CreateOptions } from '../types.ts'
import {
  DEFAULT_PATH,
  DEFAULT_TERM,
  defaultCapabilities,
  defaultMounts,
  MASKED_PATHS,
  READONLY_PATHS,
} from './defaults.ts'
import type { SpecHost } from './host.ts'
import { applyOverrides } from './overrides.ts'
import type { Spec, SpecLinux, SpecUser } from './types.ts'

/** What a generated spec depends on besides the options. */
export interface GenerateContext extends SpecHost {
  /** The container's id; its first 12 digits are the host name where none is given. */
  id: string
  /** Where the container's cgroup goes; undefined leaves it to the runtime. */
  cgroupsPath: string | undefined
  /** Whom `options.user` was found to be; root where undefined. */
  user?: SpecUser | undefined
}

/**
 * A spec around an unpacked root file system: podman's defaults, without rlimits (a caller that has no
 * CAP_SYS_RESOURCE cannot raise them) and without seccomp. Pure; the options are taken as valid.
 */
export function generateSpec(options: CreateOptions & { rootfs: string }, context: GenerateContext): Spec {
  const user = context.user ?? { uid: 0, gid: 0 }
  const rootless = context.uid !== 0
  const spec: Spec = {
    ociVersion: '1.0.2',
    process: {
      terminal: false,
      user,
      args: [],
      env: options.terminal === true ? [DEFAULT_PATH, DEFAULT_TERM] : [DEFAULT_PATH],
      cwd: '/',
      capabilities: defaultCapabilities(user.uid),
      noNewPrivileges: false,
    },
    root: { path: options.rootfs, readonly: false },
    hostname: context.id.slice(0, 12),
    mounts: defaultMounts(rootless),
    linux: rootless ? rootlessLinux(context) : linux(context),
  }
  return applyOverrides(spec, options, context.user)
}

function linux(context: GenerateContext): SpecLinux {
  return {
    ...(context.cgroupsPath === undefined ? {} : { cgroupsPath: context.cgroupsPath }),
    namespaces: namespaces(context),
    // Runtimes add the usual devices (null, zero, random, tty …) to an empty list of allowed ones.
    resources: { devices: [{ allow: false, access: 'rwm' }] },
    maskedPaths: [...MASKED_PATHS],
    readonlyPaths: [...READONLY_PATHS],
  }
}

/** As `runc spec --rootless` has it: the caller is root in the container, and nobody else exists there. */
function rootlessLinux(context: GenerateContext): SpecLinux {
  const { resources: _, ...rest } = linux(context)
  return {
    ...rest,
    namespaces: [...namespaces(context), { type: 'user' }],
    uidMappings: [{ containerID: 0, hostID: context.uid, size: 1 }],
    gidMappings: [{ containerID: 0, hostID: context.gid, size: 1 }],
  }
}

function namespaces({ cgroupV2 }: GenerateContext): { type: string }[] {
  const types = ['pid', 'network', 'ipc', 'uts', 'mount']
  // On cgroup v1 a cgroup namespace of its own is not what other engines give a container.
  return (cgroupV2 ? [...types, 'cgroup'] : types).map((type) => ({ type }))
}
