import type { Command } from 'commander'
import type { StopStage } from '../../../types.ts'
import { collectStage, STOP_STAGE_HELP } from '../../input/stop.ts'
import { parseNumber } from '../../input/values.ts'
import { actOnEach } from '../act-on-each.ts'

interface Flags {
  time?: number
  stopStage?: StopStage[]
  by?: string
}

export function define(command: Command): void {
  command
    .option(
      '-t, --time <seconds>',
      "time to end before SIGKILL; the container's own where left out",
      parseNumber,
    )
    .option('--stop-stage <signal:seconds>', STOP_STAGE_HELP, collectStage)
    .option('--by <who>', 'who asks: put into the exit record')
    .addHelpText('after', HELP)
  actOnEach(command, (client, ref, { time, stopStage, by }: Flags) =>
    client.stop(ref, { timeout: time, stages: stopStage, by }),
  )
}

const HELP = `
Sends each container its stop signal, and SIGKILL when its time is up. Prints each as soon as it has ended.
One that has ended already is left as it is.

Examples:
  runchart stop web
  runchart stop -t 30 web db
  runchart stop -t 0 web        SIGKILL at once
  runchart stop --stop-stage SIGINT:30 --stop-stage SIGQUIT:5 web`
