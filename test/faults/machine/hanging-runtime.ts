import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../../effects/runtime/find.ts'
import { processesNaming } from '../../effects/lab.ts'
import { script, TEST_RUNTIME } from '../../fixtures/programs.ts'

export type HangingVerb = 'create' | 'start' | 'kill' | 'state' | 'delete' | 'exec'

/** A runtime that stops in its tracks (SIGSTOP) where it is told to. */
export interface HangingRuntime {
  /** The program; absolute. */
  readonly path: string
  /** From now on it hangs at that verb of that container, or of all; `after` it has done it, or before. */
  hang(verb: HangingVerb, id?: string, when?: 'before' | 'after'): void
  release(verb: HangingVerb, id?: string): void
  /** How many hang now, of all or at one verb. */
  hanging(verb?: HangingVerb): Promise<number>
}

/** Makes one in `directory`. */
export function hangingRuntime(directory: string): HangingRuntime {
  const marks = join(directory, 'hang')
  mkdirSync(marks)
  const runtime = findProgram(TEST_RUNTIME)
  const path = script(
    directory,
    'hanging-runtime',
    `for word in "$@"; do
  case "$word" in create|start|kill|state|delete|exec) verb=$word; break ;; esac
done
for word in all "$@"; do
  [ "\${#word}" -le 64 ] || continue
  if [ -e "${marks}/$verb.$word.before" ]; then kill -STOP $$; fi
  if [ -e "${marks}/$verb.$word.after" ]; then ${runtime} "$@"; kill -STOP $$; fi
done
exec ${runtime} "$@"`,
  )
  const mark = (verb: HangingVerb, id: string, when: string): string => join(marks, `${verb}.${id}.${when}`)
  return {
    path,
    hang: (verb, id = 'all', when = 'before') => writeFileSync(mark(verb, id, when), ''),
    release(verb, id = 'all') {
      for (const when of ['before', 'after']) rmSync(mark(verb, id, when), { force: true })
    },
    async hanging(verb) {
      const pids = await processesNaming(path)
      return pids.filter((pid) => isStopped(pid) && (verb === undefined || argvOf(pid).includes(verb))).length
    },
  }
}

/** Whether it was stopped by a signal; conmon names the runtime too, and is not. */
function isStopped(pid: number): boolean {
  const stat = read(pid, 'stat')
  return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) === 'T'
}

const argvOf = (pid: number): string[] => read(pid, 'cmdline').split('\0')

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return ''
  }
}
