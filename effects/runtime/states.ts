import type { RuntimeCall } from './runtime.ts'
import type { RuntimeState } from './state.ts'

/** So many are asked for one by one: a list reads the states of all that there are. */
const FEW = 3

/** One container over which the runtime hangs must not keep the others: each is asked for by itself then. */
const LIST_MS = 2_000
const LIST_MS_EACH = 5

/** What a runtime can be asked. */
interface Asked {
  /** undefined where the runtime knows no such container. */
  one(id: string, call?: RuntimeCall): Promise<RuntimeState | undefined>
  /** Of all that it knows whole; what is half made may be missing. */
  all(call: RuntimeCall & { timeoutMs: number }): Promise<RuntimeState[]>
}

interface Question {
  id: string
  call: RuntimeCall | undefined
  answer: (state: Promise<RuntimeState | undefined>) => void
}

/**
 * Asks a runtime for states: for many that are wanted in one turn of the event loop, as by an engine that opens, with
 * one run of it. A list that fails, takes long, or lacks one, is no answer: that one is asked for by itself.
 */
export function stateReader(asked: Asked): Asked['one'] {
  let questions: Question[] = []
  const askAll = async (): Promise<void> => {
    const turn = questions
    questions = []
    const states = turn.length > FEW ? await list(asked, turn) : new Map<string, RuntimeState>()
    for (const { id, call, answer } of turn) {
      const listed = call?.signal?.aborted === true ? undefined : states.get(id)
      answer(listed === undefined ? asked.one(id, call) : Promise.resolve(listed))
    }
  }
  return (id, call) =>
    new Promise((answer) => {
      questions.push({ id, call, answer })
      if (questions.length === 1) setImmediate(() => void askAll())
    })
}

/** Never rejects. It is given up once nobody waits for it any more. */
async function list({ all }: Asked, questions: readonly Question[]): Promise<Map<string, RuntimeState>> {
  const unwanted = new AbortController()
  let wanted = questions.length
  const leave = (): void => {
    wanted -= 1
    if (wanted === 0) unwanted.abort()
  }
  for (const { call } of questions) call?.signal?.addEventListener('abort', leave)
  try {
    const timeoutMs = LIST_MS + questions.length * LIST_MS_EACH
    const states = await all({ signal: unwanted.signal, timeoutMs })
    return new Map(states.map((state) => [state.id, state]))
  } catch {
    return new Map()
  } finally {
    for (const { call } of questions) call?.signal?.removeEventListener('abort', leave)
  }
}
