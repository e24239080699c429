import type { Command } from 'commander'

/** A verb's file: completes a command that has its name and summary with everything else. */
export interface VerbFile {
  define(command: Command): void
}

interface Verb {
  summary: string
  load: () => Promise<VerbFile>
}

/** Every verb, in the order in which help lists them. */
export const VERBS: Record<string, Verb> = {
  run: {
    summary: 'make a container, start it and follow it to its end',
    load: () => import('./verbs/lifecycle/run.ts'),
  },
  create: {
    summary: 'make a container without starting it',
    load: () => import('./verbs/lifecycle/create.ts'),
  },
  start: { summary: 'start containers', load: () => import('./verbs/lifecycle/start.ts') },
  stop: {
    summary: 'end containers: a signal, then SIGKILL',
    load: () => import('./verbs/lifecycle/stop.ts'),
  },
  kill: { summary: 'send a signal to containers', load: () => import('./verbs/lifecycle/kill.ts') },
  exec: { summary: 'run a command in a container that runs', load: () => import('./verbs/inside/exec.ts') },
  pause: { summary: 'freeze containers', load: () => import('./verbs/lifecycle/pause.ts') },
  unpause: { summary: 'let frozen containers go on', load: () => import('./verbs/lifecycle/unpause.ts') },
  checkpoint: {
    summary: 'write the processes of containers to disk',
    load: () => import('./verbs/lifecycle/checkpoint.ts'),
  },
  restore: { summary: 'bring them back', load: () => import('./verbs/lifecycle/restore.ts') },
  cleanup: {
    summary: 'have the runtime let go of containers that have exited',
    load: () => import('./verbs/lifecycle/cleanup.ts'),
  },
  rm: { summary: 'remove containers', load: () => import('./verbs/lifecycle/rm.ts') },
  top: { summary: "list a container's processes", load: () => import('./verbs/look/top.ts') },
  ps: { summary: 'list containers', load: () => import('./verbs/look/ps.ts') },
  inspect: { summary: 'show all that is known of containers', load: () => import('./verbs/look/inspect.ts') },
  attach: {
    summary: 'connect this terminal with a container',
    load: () => import('./verbs/inside/attach.ts'),
  },
  logs: { summary: "print a container's output", load: () => import('./verbs/look/logs.ts') },
  wait: { summary: 'wait for containers to exit', load: () => import('./verbs/look/wait.ts') },
  events: { summary: 'print what happened', load: () => import('./verbs/look/events.ts') },
  timeline: { summary: 'draw what containers did', load: () => import('./verbs/look/timeline.ts') },
  graph: { summary: 'draw the charts that containers run on', load: () => import('./verbs/look/graph.ts') },
  serve: { summary: 'own the root in the foreground', load: () => import('./verbs/owner/serve.ts') },
  doctor: {
    summary: 'check what runchart needs of this machine',
    load: () => import('./verbs/owner/doctor.ts'),
  },
  version: { summary: 'print versions', load: () => import('./verbs/look/version.ts') },
}
