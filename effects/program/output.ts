/** Collects a bounded part of a stream; what does not fit is dropped, so that the writer never waits. */
export interface OutputKeeper {
  add(chunk: Buffer): void
  /** What was kept, as UTF-8. */
  text(): string
}

/** Keeps the last `limit` bytes. */
export function keepEnd(limit: number): OutputKeeper {
  let chunks: Buffer[] = []
  let kept = 0
  const compact = () => {
    const all = Buffer.concat(chunks)
    chunks = [all.subarray(Math.max(0, all.length - limit))]
    kept = chunks[0]?.length ?? 0
  }
  return {
    add(chunk) {
      chunks.push(chunk)
      kept += chunk.length
      // Twice the limit before copying: a chatty program costs one copy for each `limit` bytes.
      if (kept > 2 * limit || chunks.length > 1024) compact()
    },
    text() {
      compact()
      return (chunks[0] ?? Buffer.alloc(0)).toString('utf8')
    },
  }
}
