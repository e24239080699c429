import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { findProgram } from '../../../effects/runtime/find.ts'
import { script, TEST_RUNTIME } from '../../fixtures/programs.ts'

/** The real runtime, which waits at each of its verbs until it is let go on, for the containers that it is held for. */
export interface SteppedRuntime {
  path: string
  hold(id: string): void
  /** One run of that verb goes on: the one that waits, or the next. */
  letGo(id: string, verb: string): void
  /** Waits for that container no more. */
  release(id: string): void
}

export function steppedRuntime(directory: string): SteppedRuntime {
  const held = join(directory, 'held')
  mkdirSync(held)
  const body = `verb= id=
for word in "$@"; do
  case "$word" in create|start|pause|resume|delete) verb=\${verb:-$word};; esac
  case "$word" in */*|-*|'') ;; *) if [ -d "${held}/$word" ]; then id=$word; fi;; esac
done
if [ -n "$verb" ] && [ -n "$id" ]; then
  while [ -d "${held}/$id" ] && [ ! -e "${held}/$id/$verb" ]; do sleep 0.05; done
  rm -f "${held}/$id/$verb"
fi
exec ${findProgram(TEST_RUNTIME)} "$@"`
  return {
    path: script(directory, 'stepped-runtime', body),
    hold: (id) => mkdirSync(join(held, id)),
    letGo: (id, verb) => writeFileSync(join(held, id, verb), ''),
    release: (id) => rmSync(join(held, id), { recursive: true, force: true }),
  }
}
