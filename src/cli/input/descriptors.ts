/** This process's descriptors 3, 4 …, by which an owner opens them again. */
export const ownDescriptors = (count: number): { pid: number; fds: number[] } => ({
  pid: process.pid,
  fds: Array.from({ length: count }, (_, index) => 3 + index),
})
