import { fromPromise } from 'xstate'

/** A timer of more than this fires at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** An effect that nobody provided fails, so that a chart wired by half cannot seem to work. */
export const notProvided = <Output, Input>(name: string) =>
  fromPromise<Output, Input>(() => Promise.reject(new Error(`the effect ${name} is not provided`)))

/** The delay as a timer can keep it: 24.8 days at most. */
export const withinTimer = (ms: number): number => Math.min(ms, LONGEST_DELAY_MS)
