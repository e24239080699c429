/**
 * Gives an owner the usual umask, whatever its starter's is: some runtimes hand it on to the commands that they run in
 * a container. What the engine makes for itself is private without it.
 */
export function takeUsualUmask(): void {
  process.umask(0o022)
}
