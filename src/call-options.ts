/** Options every method takes last. */
export interface CallOptions {
  /** Stops waiting. It never touches the container, except in `create`, which is undone. */
  signal?: AbortSignal | undefined
}
