import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { followLog } from '../../feed/api.ts'
import { readLines } from '../../feed/lines.ts'
import { type OutputLine, OutputReader } from '../../model/log.ts'

const MOST_LINES = 1_000
/** Pixels from its end within which a reader is taken to be at the end. */
const NEAR = 30

/** What a container writes, as it writes it; it follows for as long as its end is looked at. */
export function Log({ id, generation, isLive }: { id: string; generation: number; isLive: boolean }) {
  const [lines, show] = useState<readonly OutputLine[]>([])
  const place = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  useEffect(() => {
    if (!isLive) return
    const end = new AbortController()
    void followInto(id, end.signal, show)
    return () => end.abort()
  }, [id, generation, isLive])
  useLayoutEffect(() => {
    if (isAtEnd.current && place.current !== null) place.current.scrollTop = place.current.scrollHeight
  }, [lines])
  return (
    <section aria-label="Log">
      <h3>Log</h3>
      <div
        class="log"
        role="log"
        aria-label="Output"
        tabIndex={0}
        ref={place}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR
        }}
      >
        {lines.length === 0 && <p class="quiet">No output yet.</p>}
        {lines.map(({ at, stream, text }, index) => (
          <p key={`${at} ${index}`} class={stream}>
            <time>{at.slice(11, 19)}</time> {stream === 'stderr' && <span class="fault">err</span>} {text}
          </p>
        ))}
      </div>
    </section>
  )
}

/** From the beginning on. Shows at most once in each frame. */
async function followInto(
  id: string,
  signal: AbortSignal,
  show: (lines: readonly OutputLine[]) => void,
): Promise<void> {
  const reader = new OutputReader()
  let kept: OutputLine[] = []
  let isDue = false
  show(kept)
  try {
    for await (const texts of readLines(await followLog(id, signal))) {
      kept = [...kept, ...texts.flatMap((text) => reader.read(text) ?? [])].slice(-MOST_LINES)
      if (isDue) continue
      isDue = true
      requestAnimationFrame(() => {
        isDue = false
        if (!signal.aborted) show(kept)
      })
    }
  } catch {
    // The container is gone, or nobody looks any more.
  }
}
