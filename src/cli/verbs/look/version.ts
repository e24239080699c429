import type { Command } from 'commander'
import { RunchartError } from '../../../../effects/errors.ts'
import { packageVersion } from '../../../api/version.ts'
import type { OwnerInfo } from '../../../api/wire.ts'
import { connectOwner } from '../../../client/client.ts'
import { ownerSocketPath } from '../../../root/paths.ts'
import { readGlobals } from '../../input/globals.ts'
import { type Format, takeFormat } from '../../output/format.ts'
import { print } from '../../output/print.ts'

export function define(command: Command): void {
  takeFormat(command, 'lines for people, or an object')
    .addHelpText('after', HELP)
    .action(async ({ format }: { format: Format }) => {
      const { runRoot } = readGlobals(command)
      const owner = await askOwner(ownerSocketPath(runRoot))
      const version = packageVersion()
      const node = process.version
      if (format === 'json') return print(`${JSON.stringify({ version, node, owner }, null, 2)}\n`)
      const line = owner === null ? 'none' : `${owner.version}, process ${owner.pid}, root ${owner.root}`
      return print(`runchart ${version}\nnode ${node}\nowner ${line}\n`)
    })
}

/** Starts none: where nobody answers there is no owner. */
async function askOwner(socketPath: string): Promise<OwnerInfo | null> {
  const client = connectOwner(socketPath)
  try {
    return await client.version()
  } catch (error) {
    if (error instanceof RunchartError) return null
    throw error
  } finally {
    client.close()
  }
}

const HELP = `
Also of the owner that answers for the root, where there is one.

Examples:
  runchart version
  runchart version --format json | jq .owner.pid`
