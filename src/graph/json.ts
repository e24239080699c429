import type { AnyStateMachine } from 'xstate'

/** The chart's own configuration, as Stately's tools import it. Functions, which JSON has no way to say, are left out. */
export function toJson(machine: AnyStateMachine): string {
  return `${JSON.stringify(machine.config, withoutFunctions, 2)}\n`
}

function withoutFunctions(_key: string, value: unknown): unknown {
  return Array.isArray(value) ? value.filter((entry) => typeof entry !== 'function') : value
}
