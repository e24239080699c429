/** The lines of a stream of bytes, as many at once as there are, however the bytes were cut; a last half is left out. */
export async function* readLines(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string[]> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    if (parts.length > 0) yield parts
  }
}
