/**
 * Says at which instant a file comes to be in a directory: for each name a line, with the time of process.hrtime, which
 * is the same for all processes.
 */
import { watch } from 'node:fs'
import { setPriority } from 'node:os'

// Where that is allowed it sees a file before anybody else does.
setPriority(-20)
const [, , ...directories] = process.argv
const seen = new Set<string>()
for (const directory of directories) {
  watch(directory, (_, name) => {
    const at = process.hrtime.bigint()
    if (name === null || name.includes('.') || seen.has(name)) return
    seen.add(name)
    console.log(`${name} ${at}`)
  })
}
console.log(`ready ${process.hrtime.bigint()}`)
// It ends with whoever has started it.
process.stdin.on('end', () => process.exit()).resume()
