import { basename, dirname } from 'node:path'
import { FIXED_PATH } from '../program/environment.ts'

/** What a runtime is asked to write to disk, and how. Every path is absolute. */
export interface CheckpointOptions {
  /** The directory of CRIU's image files. */
  imagePath: string
  /** Where CRIU writes its log. */
  workPath: string
  leaveRunning: boolean
  /** Whether open TCP connections are kept; without, they make it fail. */
  tcpEstablished: boolean
}

/** What conmon is to bring back instead of creating anew. */
export interface RestoreOptions {
  /** The directory of CRIU's image files; absolute. */
  imagePath: string
  tcpEstablished: boolean
  /** CRIU; the runtime looks for one by itself where left out. */
  criuPath?: string | undefined
}

/** The arguments between `checkpoint` and the id. Seed: checkpointContainer. */
export function checkpointArgv(options: CheckpointOptions): string[] {
  return [
    ...['--image-path', options.imagePath, '--work-path', options.workPath],
    ...(options.leaveRunning ? ['--leave-running'] : []),
    ...(options.tcpEstablished ? ['--tcp-established'] : []),
  ]
}

/** conmon's arguments for a restore. Seed: createOCIContainer. */
export function restoreArgv({ imagePath, tcpEstablished, criuPath }: RestoreOptions): string[] {
  return [
    ...['--restore', imagePath],
    ...(tcpEstablished ? ['--restore-arg', '--tcp-established'] : []),
    ...criuFlags(criuPath).flatMap((flag) => ['--runtime-arg', flag]),
  ]
}

/** The runtime's global flags that name CRIU, one word each, as conmon hands them on. */
export function criuFlags(criuPath: string | undefined): string[] {
  return criuPath === undefined ? [] : [`--criu=${criuPath}`]
}

/** Where programs are looked for: runc from 1.2 on takes no path, but the first `criu` that it finds. */
export function criuSearchPath(criuPath: string | undefined): string {
  const isNamed = criuPath !== undefined && basename(criuPath) === 'criu'
  return isNamed ? `${dirname(criuPath)}:${FIXED_PATH}` : FIXED_PATH
}
