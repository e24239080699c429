import { useEffect, useState } from 'preact/hooks'
import type { ContainerState } from '../../../../types.ts'
import { command, RefusedError } from '../../feed/api.ts'
import { commandsOf, type PageCommand } from '../../model/commands.ts'

/** Buttons for what the state takes. What cannot be taken back is asked once more. */
export function Commands({ id, state }: { id: string; state: ContainerState }) {
  const [asked, ask] = useState<PageCommand['name']>()
  const [refusal, refuse] = useState<Error>()
  useEffect(() => ask(undefined), [state])
  const run = ({ name, asksAgain }: PageCommand): void => {
    if (asksAgain && asked !== name) {
      ask(name)
      return
    }
    ask(undefined)
    refuse(undefined)
    command(id, name, state).catch((error: Error) => refuse(error))
  }
  return (
    <div class="commands" role="group" aria-label="Commands">
      {commandsOf(state).map((one) => (
        <button
          key={one.name}
          type="button"
          class={asked === one.name ? 'sure' : undefined}
          onClick={() => run(one)}
          onBlur={() => asked === one.name && ask(undefined)}
        >
          {asked === one.name ? `Really ${one.name}?` : one.label}
        </button>
      ))}
      {refusal !== undefined && (
        <p role="alert" class="fault">
          {refusal.message === '' ? 'the owner does not answer' : refusal.message}
          {refusal instanceof RefusedError && refusal.hint !== undefined && <small> {refusal.hint}</small>}
        </p>
      )}
    </div>
  )
}
