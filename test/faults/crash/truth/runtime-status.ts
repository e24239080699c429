import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What the runtime itself says of a container, asked without the engine; its words where it fails. */
export async function readRuntimeStatus(runtime: string, root: string, id: string): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(runtime, ['--root', root, 'state', id])
    return String(JSON.parse(stdout).status)
  } catch (error) {
    return (error as Error).message
  }
}
