import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'

/** A file was not what it should be; the message says what it is instead. */
export class UnfitFileError extends Error {
  override readonly name = 'UnfitFileError'
}

/**
 * A small regular file's text. A symbolic link in the last component is not followed; a FIFO or a device is
 * refused without waiting for a writer.
 *
 * @param limit bytes
 * @throws UnfitFileError; system errors such as ENOENT pass through
 */
export async function readSmallFile(path: string, limit: number): Promise<string> {
  const file = await openUnfollowed(path)
  try {
    const facts = await file.stat()
    if (!facts.isFile()) throw new UnfitFileError('it is not a regular file')
    if (facts.size > limit) {
      throw new UnfitFileError(`it has ${facts.size} bytes, more than the ${limit} allowed`)
    }
    return (await readAtMost(file, limit)).toString('utf8')
  } finally {
    await file.close()
  }
}

async function openUnfollowed(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ELOOP') throw new UnfitFileError('it is a symbolic link', { cause: error })
    if (code === 'ENXIO') throw new UnfitFileError('it is not a regular file', { cause: error })
    throw error
  }
}

/** The file may have grown since its size was asked. */
async function readAtMost(file: FileHandle, limit: number): Promise<Buffer> {
  const buffer = Buffer.alloc(limit)
  let length = 0
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, limit - length)
    length += bytesRead
    if (bytesRead === 0 || length === limit) return buffer.subarray(0, length)
  }
}
