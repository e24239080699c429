/** Why a pair of state and event is on no path of a real container; undefined where it has to be on one. */
export function leftOut(cell: string): string | undefined {
  return REASONS.find(([pattern]) => pattern.test(cell))?.[1]
}

const REASONS: [RegExp, string][] = [
  [/ × error$/, 'an effect fails only where something is broken: test/faults'],
  [/ × after (killTimeout|reconcileRetry)$/, 'only where the kernel or the runtime does not answer'],
  [
    /^(?!stopping\.(signalling|killing) ).* × xstate\.done\.actor\.\*$/,
    'the end of a kill comes when it comes, and changes nothing',
  ],
  [/^(checkpointing|restoring)\b| × (checkpoint|restore)$/, 'CRIU is not everywhere: test/engine/checkpoint'],
  [/^configured /, 'a container is configured after a create that failed, or while it is being made'],
  [/^stopped\.held /, 'where a cleanup has failed'],
  [/^reconciling\.waiting /, 'where the world has given no answer'],
  [/^creating × exit/, 'the process would have to end between its birth and the report of its pid'],
  [
    /^(stopping\.killing|stopped\.recording|removing|reconciling\.asking) × (start|stop|kill|remove|monitor\.lost)$/,
    'it is left within a millisecond or two, at a moment that nobody chooses: the random sequences meet it',
  ],
  [/^(paused|resuming|stopping\.thawing) × exit/, 'a frozen process does not end before it is thawed'],
  [/^(stopped\.recording|cleaning) × (exit|monitor)/, 'a second witness of the same exit: it comes or not'],
]
