import { isAbsolute, join } from 'node:path'
import type { RestoreOptions } from '../../../effects/checkpoint/argv.ts'
import {
  isFree,
  isImage,
  makeImageDirectory,
  removeImage,
  replaceImage,
} from '../../../effects/checkpoint/image.ts'
import { quote } from '../../../effects/quote.ts'
import { findCheckpointing } from '../../../effects/runtime/checkpointing.ts'
import { findProgram } from '../../../effects/runtime/find.ts'
import type { Checkpointed, CheckpointInput, ImageRequest } from '../../../machines/index.ts'
import { InvalidInputError } from '../../errors.ts'
import type { Supervisor } from '../supervisor.ts'

/** Where a container's image is unless its caller wants it elsewhere. */
const ownImage = ({ paths }: Supervisor): string => join(paths.directory, 'checkpoint')

/** Where a checkpoint is to be written. Throws InvalidInputError where something is there, or the path is relative. */
export function newImage(supervisor: Supervisor, imagePath: string | undefined): string {
  if (imagePath === undefined) return ownImage(supervisor)
  assertPath(imagePath)
  if (isFree(imagePath)) return imagePath
  throw new InvalidInputError(`the image path ${imagePath} is no empty directory`, {
    hint: 'name one that does not exist yet',
  })
}

/** Where a checkpoint is to be read. Throws InvalidInputError where there is none. */
export function existingImage(supervisor: Supervisor, imagePath: string | undefined): string {
  const path = imagePath ?? ownImage(supervisor)
  assertPath(path)
  // The runtime went on with it when the engine that had asked for it died.
  if (imagePath === undefined && isImage(unfinished(path))) replaceImage(unfinished(path), path)
  if (isImage(path)) return path
  throw new InvalidInputError(`there is no checkpoint of container ${supervisor.name} at ${path}`, {
    containerId: supervisor.id,
    hint: imagePath === undefined ? 'checkpoint it first, or name its image path' : undefined,
  })
}

function assertPath(path: string): void {
  if (isAbsolute(path) && !path.includes('\0')) return
  throw new InvalidInputError(`the image path ${quote(path)} is not absolute`)
}

/** Throws ProgramError where the runtime, or CRIU, cannot do it. */
export async function assertCheckpointing({ engine }: Supervisor, signal?: AbortSignal): Promise<void> {
  await findCheckpointing(engine.runtime.path, engine.criu, signal)
}

/**
 * The seed's checkpointContainer. An image of the container's own takes the place of the last only when it is
 * complete, and one that failed is not left: it has what the processes had in memory.
 */
export async function checkpoint(
  supervisor: Supervisor,
  { imagePath, leaveRunning, tcpEstablished }: CheckpointInput,
): Promise<Checkpointed> {
  const { engine, paths, id } = supervisor
  const isOwn = imagePath === ownImage(supervisor)
  const target = isOwn ? unfinished(imagePath) : imagePath
  makeImageDirectory(target, { anew: isOwn })
  const options = { imagePath: target, workPath: paths.bundle, leaveRunning, tcpEstablished }
  try {
    // Not to be cut short: a CRIU that is killed leaves processes that stand still, with code of its own in them.
    const { selinuxLabel } = supervisor.spec().process
    await engine.runtime.checkpoint(id, options, {
      criuPath: criuPath(supervisor),
      socketLabel: selinuxLabel,
    })
  } catch (error) {
    removeImage(target)
    throw error
  }
  if (isOwn) replaceImage(target, imagePath)
  return { leftRunning: leaveRunning }
}

/** Where an image of the container's own is while it is written. */
const unfinished = (imagePath: string): string => `${imagePath}.new`

/** What conmon is told to restore. */
export function restoreOptions(supervisor: Supervisor, request: ImageRequest): RestoreOptions {
  const { imagePath, tcpEstablished } = request
  return { imagePath, tcpEstablished, criuPath: criuPath(supervisor) }
}

/** Only one that was chosen is named: crun has CRIU built in, and takes no path. */
function criuPath({ engine }: Supervisor): string | undefined {
  return engine.criu === undefined ? undefined : findProgram(engine.criu)
}
