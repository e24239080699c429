/** What a container's process does, and the code that it ends with by itself or when it is asked to. */
export type Script = 'quick' | 'brief' | 'obedient' | 'stubborn' | 'missing'

/** One command to an engine; errors that the engine has a class for are part of life. */
export type Command =
  | { do: 'create'; name: string; script: Script; code: number }
  | { do: 'start' | 'ready' | 'pause' | 'resume' | 'wait' | 'exec' | 'detach' | 'refresh'; name: string }
  | { do: 'stop'; name: string; timeout: number }
  | { do: 'kill'; name: string; signal: 'SIGTERM' | 'SIGKILL' }
  | { do: 'remove'; name: string; force: boolean }
  /** Closes the engine and opens it again; only where there is one sequence. */
  | { do: 'reopen' }

/** Sequences of commands; the sequences run side by side. */
export type Plan = Command[][]

/** The shell's text of a script. */
export function shellOf(script: Script, code: number): string[] {
  switch (script) {
    case 'quick':
      return ['sh', '-c', `exit ${code}`]
    case 'brief':
      return ['sh', '-c', `sleep 0.03; exit ${code}`]
    case 'obedient':
      return ['sh', '-c', `trap "exit ${code}" TERM; echo ready; while :; do sleep 0.02; done`]
    case 'stubborn':
      return ['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 0.02; done']
    case 'missing':
      return ['/no/such/command']
  }
}

/** A life with everything in it, for one engine after another. */
export const WHOLE_LIFE: Plan = [
  [
    { do: 'create', name: 'long', script: 'obedient', code: 5 },
    { do: 'start', name: 'long' },
    { do: 'ready', name: 'long' },
    { do: 'pause', name: 'long' },
    { do: 'resume', name: 'long' },
    { do: 'exec', name: 'long' },
    { do: 'detach', name: 'long' },
    { do: 'refresh', name: 'long' },
    { do: 'stop', name: 'long', timeout: 600 },
    { do: 'start', name: 'long' },
    { do: 'kill', name: 'long', signal: 'SIGKILL' },
    { do: 'wait', name: 'long' },
    { do: 'create', name: 'short', script: 'quick', code: 7 },
    { do: 'reopen' },
    { do: 'start', name: 'short' },
    { do: 'wait', name: 'short' },
    { do: 'remove', name: 'short', force: false },
    { do: 'start', name: 'long' },
    { do: 'reopen' },
    { do: 'remove', name: 'long', force: true },
    { do: 'create', name: 'broken', script: 'missing', code: -1 },
    { do: 'create', name: 'unmoved', script: 'stubborn', code: -1 },
    { do: 'start', name: 'unmoved' },
    { do: 'stop', name: 'unmoved', timeout: 0.05 },
    { do: 'reopen' },
  ],
]
