import type { Logger } from 'pino'
import { readExitFile, removeExitFile, wasOomKilled } from '../../../effects/exits/file.ts'
import { isSameProcess, type ProcessIdentity } from '../../../effects/process/identity.ts'
import type { ExitEvidence } from '../../../machines/index.ts'
import { ExitFileError } from '../../errors.ts'

/** Where a run's exit may have been written, and by whose death it would be true. */
export interface Scene {
  id: string
  exits: string
  runDirectory: string
  process: ProcessIdentity | undefined
  logger: Logger
}

/** conmon's second copy, in the run's own directory: there when the first was taken away. */
const COPY = 'exit'

/**
 * What conmon wrote of an exit. A file that it would not write, or one that stands there while the process lives,
 * proves nothing: it is taken out of the way, so that the true one can be written.
 *
 * Throws where no evidence was found, but not everywhere could be looked.
 */
export function findEvidence(scene: Scene): ExitEvidence | undefined {
  const unread: unknown[] = []
  for (const [directory, name] of [
    [scene.exits, scene.id],
    [scene.runDirectory, COPY],
  ] as const) {
    try {
      const evidence = read(scene, directory, name)
      if (evidence !== undefined) return evidence
    } catch (error) {
      unread.push(error)
    }
  }
  if (unread.length > 0) throw unread[0]
  return undefined
}

function read(scene: Scene, directory: string, name: string): ExitEvidence | undefined {
  try {
    const file = readExitFile(directory, name)
    if (file === undefined) return undefined
    if (scene.process === undefined || !isSameProcess(scene.process)) {
      return { ...file, oomKilled: file.code === SIGKILLED && wasOomKilled(scene.runDirectory) }
    }
    scene.logger.warn(
      { exitCode: file.code },
      'an exit file stood there while the process lives; it was removed',
    )
  } catch (error) {
    if (!(error instanceof ExitFileError)) throw error
    scene.logger.warn({ err: error }, 'an exit file that conmon did not write was removed')
  }
  removeExitFile(directory, name)
  return undefined
}

/** The kernel kills for memory with SIGKILL; the cgroup's event alone may be another process's. */
const SIGKILLED = 137
