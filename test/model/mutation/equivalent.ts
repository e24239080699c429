/** Mutants that behave as the chart does, by their names, each with the reason. */
export const EQUIVALENT: Readonly<Record<string, string>> = {}
