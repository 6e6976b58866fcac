/** A response body from an async iterable: read as the client takes it, and given up when the client leaves. */

/** `return` of its iterator, also of one that was never read, must free what it holds. */
export type ByteSource = AsyncIterable<Uint8Array>

/**
 * `onFailure` is called if the source fails, and must end the connection: then the client does not take a part for the
 * whole, and the failure is logged once and by us. Without it the stream itself fails.
 */
export function streamOf(
  source: ByteSource,
  onFailure?: (error: unknown) => void,
): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let isCancelled = false
  return new ReadableStream(
    {
      async pull(controller) {
        try {
          const step = await iterator.next()
          if (isCancelled) return
          if (step.done) controller.close()
          else controller.enqueue(step.value)
        } catch (error) {
          if (isCancelled) return
          if (onFailure === undefined) throw error
          // The stream stays pending until the end of the connection cancels it.
          onFailure(error)
        }
      },
      async cancel() {
        isCancelled = true
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

/** A source that calls `close` when it is given up, also if it was never read. */
export function closing(chunks: AsyncIterable<Uint8Array>, close: () => unknown): ByteSource {
  return {
    [Symbol.asyncIterator]() {
      const iterator = chunks[Symbol.asyncIterator]()
      return {
        next: () => iterator.next(),
        async return() {
          await close()
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}
