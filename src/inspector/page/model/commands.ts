import { type ContainerState, TAKES } from '../../../container-states.ts'

/** What the page can have a container do. */
export interface PageCommand {
  name: 'start' | 'stop' | 'pause' | 'resume' | 'kill' | 'remove'
  label: string
  /** Asked once more, for it cannot be taken back. */
  asksAgain: boolean
}

const COMMANDS: readonly PageCommand[] = [
  { name: 'start', label: 'Start', asksAgain: false },
  { name: 'stop', label: 'Stop', asksAgain: false },
  { name: 'pause', label: 'Pause', asksAgain: false },
  { name: 'resume', label: 'Resume', asksAgain: false },
  { name: 'kill', label: 'Kill', asksAgain: true },
  { name: 'remove', label: 'Remove', asksAgain: true },
]

/** States without a process, and with nothing to stop. */
const OVER: ReadonlySet<ContainerState> = new Set(['configured', 'exited'])

/** What a state takes. A stop of what is over would do nothing, and is left out. */
export function commandsOf(state: ContainerState): PageCommand[] {
  return COMMANDS.filter(({ name }) => {
    if (name === 'remove') return state !== 'removing' && state !== 'removed'
    if (name === 'stop' && OVER.has(state)) return false
    return (TAKES[name] as readonly ContainerState[]).includes(state)
  })
}

/** Whether its removal has to be forced: it kills what lives. */
export const needsForce = (state: ContainerState): boolean => !OVER.has(state) && state !== 'stopped'
