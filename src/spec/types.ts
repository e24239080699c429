/**
 * The parts of the OCI runtime specification's config.json that runchart reads or sets. A bundle's other
 * members pass through untouched.
 *
 * @see https://github.com/opencontainers/runtime-spec/blob/main/config.md
 */

/** Whom the process runs as, in the container's own numbers. */
export interface SpecUser {
  uid: number
  gid: number
  umask?: number
  additionalGids?: number[]
}

/** Sets of capability names such as `CAP_KILL`. */
export interface SpecCapabilities {
  bounding?: string[]
  effective?: string[]
  permitted?: string[]
  inheritable?: string[]
  ambient?: string[]
}

/** The container's first process. */
export interface SpecProcess {
  terminal?: boolean
  /** root where it is absent. */
  user?: SpecUser
  args: string[]
  env?: string[]
  /** Absolute. */
  cwd: string
  capabilities?: SpecCapabilities
  noNewPrivileges?: boolean
  /** SELinux's context of the process. */
  selinuxLabel?: string
}

/** One entry of `mounts`. */
export interface SpecMount {
  destination: string
  type?: string
  source?: string
  options?: string[]
}

/** One entry of `linux.uidMappings` or `linux.gidMappings`. */
export interface SpecIdMapping {
  containerID: number
  hostID: number
  size: number
}

/** Limits; each is absent where the spec sets none. */
export interface SpecResources {
  devices?: { allow: boolean; access?: string }[]
  /** Bytes. */
  memory?: { limit?: number; swap?: number }
  /** Microseconds. */
  cpu?: { quota?: number; period?: number }
  pids?: { limit: number }
}

/** The `linux` member. */
export interface SpecLinux {
  namespaces?: { type: string; path?: string }[]
  uidMappings?: SpecIdMapping[]
  gidMappings?: SpecIdMapping[]
  cgroupsPath?: string
  resources?: SpecResources
  maskedPaths?: string[]
  readonlyPaths?: string[]
}

/** A config.json. */
export interface Spec {
  ociVersion: string
  process: SpecProcess
  root: { path: string; readonly?: boolean }
  hostname?: string
  mounts?: SpecMount[]
  linux?: SpecLinux
}
