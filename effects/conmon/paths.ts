import { join } from 'node:path'

/** The files in one container's private run directory. */
export interface RunPaths {
  /** Written by conmon: the container's first process. */
  pidFile: string
  /** Written by conmon: its own process. */
  monitorPidFile: string
  /** FIFO whose writing end conmon holds until it dies. */
  lifeline: string
  /** The runtime's log of the create, JSON lines. */
  runtimeLog: string
  /** conmon's standard error. */
  monitorLog: string
  /** Empty file that conmon leaves after an out-of-memory kill. */
  oom: string
  /** The exit code once more, whatever became of the exits directory. */
  exit: string
}

/** Where everything is in `runDir`. */
export function runPaths(runDir: string): RunPaths {
  return {
    pidFile: join(runDir, 'pidfile'),
    monitorPidFile: join(runDir, 'conmon.pid'),
    lifeline: join(runDir, 'lifeline'),
    runtimeLog: join(runDir, 'runtime.log'),
    monitorLog: join(runDir, 'conmon.log'),
    oom: join(runDir, 'oom'),
    exit: join(runDir, 'exit'),
  }
}
