import type { AnyMachineSnapshot, AnyStateMachine, EventObject } from 'xstate'

/** What a chart alone does not say, and paths through it need. */
export interface Description {
  machine: AnyStateMachine
  starts: readonly Start[]
  /** Events with all that guards may look at; those that a state does not take are left out by themselves. */
  events: (context: never) => readonly EventObject[]
  /** What each effect may give. */
  outputs: Readonly<Record<string, readonly unknown[]>>
  /** What of the context tells two equal states apart; it must not grow without end. */
  memory?: (context: never) => unknown
  /** Whether a timer of the state runs still. */
  runs?: (delay: string, context: never) => boolean
  /** Cells that no path is asked to take, each with its reason. */
  leftOut?: (cell: string) => string | undefined
}

/** Where paths begin. */
export interface Start {
  input: unknown
  /** The chart with other parts. */
  machine?: AnyStateMachine
  /** Whether paths go on from there; everywhere, where it is left out. */
  goesOn?: (snapshot: AnyMachineSnapshot) => boolean
}

/** A start that is only looked at. */
export const opened = (input: unknown): Start => ({ input, goesOn: () => false })
