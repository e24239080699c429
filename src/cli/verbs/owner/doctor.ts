import type { Command } from 'commander'
import type { Finding } from '../../doctor/finding.ts'
import { readGlobals } from '../../input/globals.ts'
import { type Format, takeFormat } from '../../output/format.ts'
import { print } from '../../output/print.ts'
import { table } from '../../output/table.ts'

export function define(command: Command): void {
  takeFormat(command, 'lines for people, or an array')
    .addHelpText('after', HELP)
    .action(async ({ format }: { format: Format }) => {
      const { examine } = await import('../../doctor/examine.ts')
      const findings = await examine(readGlobals(command))
      if (findings.some(({ status }) => status === 'fail')) process.exitCode = 1
      await print(format === 'json' ? `${JSON.stringify(findings, null, 2)}\n` : inLines(findings))
    })
}

function inLines(findings: Finding[]): string {
  const rows = findings.flatMap(({ status, check, detail, hint }) => [
    [status, check, detail],
    ...(hint === undefined ? [] : [['', '', `hint: ${hint}`]]),
  ])
  return table(rows)
}

const HELP = `
Each line is ok, warn or fail, with how to mend it, or what would make containers start sooner.
Exit code 1 where something fails. It starts no owner.

Examples:
  runchart doctor
  runchart --runtime crun doctor --format json`
