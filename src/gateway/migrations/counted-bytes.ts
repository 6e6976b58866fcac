/** Bytes on their way from one server to the other, counted, until the move is stopped. */
import { Readable } from 'node:stream'

export function counted(
  source: Readable,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): Readable {
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const chunk of source as AsyncIterable<Uint8Array>) {
      signal.throwIfAborted()
      onBytes(chunk.length)
      yield chunk
    }
  }
  const stream = Readable.from(chunks(), { objectMode: false })
  // A reader gets the error; without a listener, one that nobody reads any more would end the process.
  stream.on('error', () => {})
  return stream
}
