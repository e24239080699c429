/** A time between two moments, in milliseconds, as short as tells it: `5.2 s`, `3 min`, `2 h`, `4 d`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  const seconds = ms / 1000
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 60) return `${Math.floor(seconds)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}

/** The time of day, in UTC, to the millisecond. */
export function timeOfDay(at: number): string {
  return new Date(at).toISOString().slice(11, 23)
}

/** What a person sees of an id. */
export const shortId = (id: string): string => id.slice(0, 12)

/** Bytes, as memory is told. */
export function bytes(count: number): string {
  const steps = ['B', 'KiB', 'MiB', 'GiB']
  let left = count
  let step = 0
  while (left >= 1024 && step < steps.length - 1) {
    left /= 1024
    step += 1
  }
  return `${step === 0 ? left : left.toFixed(1)} ${steps[step]}`
}
