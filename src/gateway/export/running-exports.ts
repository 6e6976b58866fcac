/** The downloads of whole accounts that this process serves at the moment: one of an account, and a bounded number of all. */
import { unavailable, XrpcError } from '#src/errors.ts'
import type { ByteSource } from '#src/gateway/http/byte-stream.ts'

const MAX_RUNNING = 50

export class RunningExports {
  readonly #running = new Set<string>()

  /** Runs until its source has ended, or was given up. Throws 429 ExportRunning, 503, and as `open`. */
  async begin(did: string, open: () => Promise<ByteSource>): Promise<ByteSource> {
    if (this.#running.has(did)) {
      throw new XrpcError(429, 'ExportRunning', 'An export of this account is running already')
    }
    if (this.#running.size >= MAX_RUNNING) throw unavailable('Too many exports, please try again')
    this.#running.add(did)
    const end = () => void this.#running.delete(did)
    try {
      return ending(await open(), end)
    } catch (error) {
      end()
      throw error
    }
  }
}

function ending(source: ByteSource, end: () => void): ByteSource {
  return {
    [Symbol.asyncIterator]() {
      const iterator = source[Symbol.asyncIterator]()
      return {
        async next() {
          try {
            const step = await iterator.next()
            if (step.done) end()
            return step
          } catch (error) {
            end()
            throw error
          }
        },
        async return() {
          end()
          await iterator.return?.()
          return { done: true, value: undefined }
        },
      }
    },
  }
}
