/** Mutants that behave as the chart does, by their names without the line, each with the reason. */
export const EQUIVALENT: Readonly<Record<string, string>> = {}
