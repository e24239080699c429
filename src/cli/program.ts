import { Command, CommanderError } from 'commander'
import { packageVersion } from '../api/version.ts'
import { defaultRoot, defaultRunRoot } from '../root/paths.ts'
import { EXIT_FAILURE } from './exit-codes.ts'
import { takeCreation } from './input/creation.ts'
import { isBrokenPipe, quietOnBrokenPipe } from './output/print.ts'
import { exitCodeOf, reportError, reportUsage } from './output/report.ts'
import { VERBS } from './verbs.ts'

/** Runs one command line; resolves with the exit code. Nothing is thrown. */
export async function runCli(argv: readonly string[]): Promise<number> {
  quietOnBrokenPipe()
  try {
    await buildProgram().parseAsync(argv)
    return Number(process.exitCode ?? 0)
  } catch (error) {
    // It has printed what it has to say: help, a version, or a usage error.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_FAILURE
    // 128 + SIGPIPE, as of any program whose reader has left.
    if (isBrokenPipe(error)) return 141
    reportError(error)
    return exitCodeOf(error)
  }
}

/** The grammar. A verb's own file is loaded when that verb is given. */
export function buildProgram(): Command {
  const program = new Command('runchart')
    .description('Runs containers; each is a state machine on conmon and an OCI runtime.')
    .version(packageVersion(), '-v, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .helpCommand(false)
    .configureOutput({ outputError: reportUsage })
  addGlobalOptions(program)
  for (const [name, { summary }] of Object.entries(VERBS)) program.command(name).description(summary)
  program.command('help').description('show what a verb takes').argument('[verb]').action(helpOn(program))
  program.hook('preSubcommand', async (_program, verb) => define(verb))
  program.addHelpText('after', EPILOGUE)
  return program
}

function addGlobalOptions(program: Command): void {
  takeCreation(program)
  program
    .option('--root <dir>', `where state is kept ($RUNCHART_ROOT, else ${defaultRoot()})`)
    .option('--run-root <dir>', `where sockets and exits are ($RUNCHART_RUN_ROOT, else ${defaultRunRoot()})`)
    .option('--runtime <name|path>', 'OCI runtime that an owner started here uses (runc)')
    .option('--conmon <name|path>', 'conmon that an owner started here uses (conmon)')
    .option('--criu <name|path>', 'CRIU that an owner started here uses for checkpoints (criu)')
    .option('--embedded', 'own the root in this process while the verb runs; start nothing in the background')
}

async function define(verb: Command): Promise<void> {
  const entry = VERBS[verb.name()]
  if (entry === undefined) return
  const { define: complete } = await entry.load()
  complete(verb)
}

function helpOn(program: Command): (name?: string) => Promise<void> {
  return async (name) => {
    if (name === undefined) return program.help()
    const verb = program.commands.find((command) => command.name() === name)
    if (verb === undefined) return program.error(`error: unknown verb '${name}'`)
    await define(verb)
    verb.help()
  }
}

const EPILOGUE = `
Examples:
  runchart run --rootfs /srv/alpine echo hello
  runchart run -d --name web --bundle /srv/web
  runchart logs -f web
  runchart --root /tmp/a --run-root /tmp/b ps -a

Options of this list come before the verb. 'runchart VERB --help' shows a verb's own, with examples.
Verbs ask the owner of the root, over a socket in the run root. Where there is none they start one in the
background; it leaves when nothing has lived and nobody has asked for a minute. Containers need no owner to live.`
