/** The storage of a user's bucket, with bounds: it may be slow, answer without end, or answer what is wrong. */
import { XrpcError } from '#src/errors.ts'
import type { Deadline } from '#src/gateway/archives/deadline.ts'
import type { ArchiveStorage } from '#src/ports/archive-storage.ts'

/** What one archive may store, blobs included; what is stored already is kept for the next attempt. */
const MAX_STORED_BYTES = 20 * 1024 ** 3
/** Manifests and lists of blobs of earlier archives. */
const MAX_READ_BYTES = 128 * 1024 * 1024
const MAX_KEYS = 300_000
const MAX_MESSAGE_LENGTH = 300

/**
 * Nothing of it takes longer than the deadline. `onStored` is told how many bytes have been stored. All errors of the bucket
 * are 400 BucketFailed.
 */
export function boundedStorage(
  storage: ArchiveStorage,
  { mustGoOn, race }: Pick<Deadline, 'mustGoOn' | 'race'>,
  onStored: (bytes: number) => void = () => {},
): ArchiveStorage {
  let stored = 0
  let read = 0
  let keys = 0
  const countStored = (size: number) => {
    mustGoOn()
    stored += size
    onStored(stored)
    if (stored > MAX_STORED_BYTES) throw tooMuch('The archive is larger than 20 GB')
  }
  const countRead = (size: number) => {
    mustGoOn()
    read += size
    if (read > MAX_READ_BYTES) throw tooMuch('The lists of earlier archives are too large')
  }
  const countKey = () => {
    mustGoOn()
    if (++keys > MAX_KEYS) throw tooMuch(`The bucket has more than ${MAX_KEYS} objects`)
  }
  return {
    name: storage.name,
    async put(key, source) {
      const watched = new Watched(source instanceof Uint8Array ? [source] : source, countStored)
      await failing(race(storage.put(key, watched)), () => watched.error)
    },
    async get(key) {
      mustGoOn()
      const found = await failing(race(storage.get(key)))
      return found && { ...found, bytes: counted(found.bytes, countRead) }
    },
    sizeOf(key) {
      mustGoOn()
      return failing(race(storage.sizeOf(key)))
    },
    list: (prefix) => counted(storage.list(prefix), countKey),
    folders: (prefix) => counted(storage.folders(prefix), countKey),
    delete(deleted) {
      mustGoOn()
      return failing(race(storage.delete(deleted)))
    },
    check: () => failing(race(storage.check())),
  }

  async function* counted<T>(items: AsyncIterable<T>, count: (size: number) => void) {
    const all = items[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await failing(race(all.next()))
        if (done) return
        count(value instanceof Uint8Array ? value.length : 1)
        yield value
      }
    } finally {
      // Not waited for: it may be waiting for an answer itself, until the connections are ended.
      all.return?.().catch(() => {})
    }
  }
}

/** What is to be stored, and the error by which that ended. */
class Watched implements AsyncIterable<Uint8Array> {
  readonly #source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
  readonly #count: (size: number) => void
  error: unknown

  constructor(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    count: (size: number) => void,
  ) {
    this.#source = source
    this.#count = count
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    try {
      for await (const chunk of this.#source) {
        this.#count(chunk.length)
        yield chunk
      }
    } catch (error) {
      this.error = error
      throw error
    }
  }
}

async function failing<T>(work: Promise<T>, ofSource: () => unknown = () => undefined): Promise<T> {
  try {
    return await work
  } catch (error) {
    const source = ofSource()
    if (source !== undefined) throw source
    throw error instanceof XrpcError ? error : bucketFailed(error)
  }
}

function bucketFailed(error: unknown): XrpcError {
  const { name, message, code } = error as { name?: string; message?: string; code?: unknown }
  const parts = [name, message || code].filter((part) => part && part !== 'Error')
  // It may have been chosen by the bucket.
  const text = parts
    .join(': ')
    .replace(/\p{Cc}/gu, ' ')
    .slice(0, MAX_MESSAGE_LENGTH)
  return new XrpcError(400, 'BucketFailed', `The bucket cannot be used: ${text}`)
}

function tooMuch(message: string): XrpcError {
  return new XrpcError(413, 'PayloadTooLarge', message)
}
