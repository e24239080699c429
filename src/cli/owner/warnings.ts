/** Node 22 warns that its SQLite is experimental. Nobody at a terminal can do anything about it. */
export function dropExperimentalWarning(): void {
  const emitWarning = process.emitWarning.bind(process) as (...rest: unknown[]) => void
  process.emitWarning = (warning: string | Error, ...rest: unknown[]): void => {
    if (String(warning).startsWith('SQLite is an experimental feature')) return
    emitWarning(warning, ...rest)
  }
}
