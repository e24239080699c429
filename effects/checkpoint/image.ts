import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

/** Every image has this file; CRIU reads it first. */
const INVENTORY = 'inventory.img'
const MAX_WORDS = 1_000
/** What CRIU calls an error and gets over, and a helper's end without its words. */
const HARMLESS = /rlimit: Can't setup|exited, status=/

/** Whether a directory holds an image that CRIU could read; it is the last thing that a checkpoint writes. */
export function isImage(path: string): boolean {
  return existsSync(join(path, INVENTORY))
}

/** Whether nothing is at that path, or an empty directory. */
export function isFree(path: string): boolean {
  try {
    return readdirSync(path).length === 0
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT'
  }
}

/** Makes a directory that only its owner can look into: an image is all that the processes had in memory. */
export function makeImageDirectory(path: string, { anew }: { anew: boolean }): void {
  if (anew) rmSync(path, { recursive: true, force: true })
  mkdirSync(path, { recursive: true, mode: 0o700 })
}

/** Removes an image, and its directory. */
export function removeImage(path: string): void {
  rmSync(path, { recursive: true, force: true })
}

/** Puts a new image in the place of an older one. */
export function replaceImage(fresh: string, path: string): void {
  rmSync(path, { recursive: true, force: true })
  renameSync(fresh, path)
}

/** What CRIU's log, `dump.log` or `restore.log` in its working directory, says went wrong; undefined where nothing. */
export function criuWords(workPath: string, log: 'dump.log' | 'restore.log'): string | undefined {
  try {
    const lines = readFileSync(join(workPath, log), 'utf8').split('\n')
    // The first is the cause; those after it are its consequences.
    return lines
      .find((line) => /^\(\d.*Error \(/.test(line) && !HARMLESS.test(line))
      ?.replace(/^\([\d.]+\)\s*\d*:?\s*/, '')
      .slice(0, MAX_WORDS)
  } catch {
    return undefined
  }
}
