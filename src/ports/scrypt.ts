/**
 * scrypt with Node's default cost (N 16384, r 8, p 1), as in the reference: about 36 ms. It runs in threads of its own,
 * because files, gzip and host names share libuv's four.
 */
import { availableParallelism } from 'node:os'
import { ScryptThreads } from '#src/ports/scrypt-threads.ts'

const threads = new ScryptThreads({
  // One core is left to the main thread, which everything else waits for.
  threads: Math.max(1, Math.min(2, availableParallelism() - 1)),
  // Some three seconds of work for one thread: a client would not wait for more.
  maxWaiting: 96,
  maxWaitingPerCaller: 32,
  maxWaitingPerSalt: 64,
})

/**
 * Returns `length` bytes. The salt is used as hex text, not decoded. Throws 503 if too many wait already, in all,
 * from the same network, or for the same salt, which each account has its own of.
 */
export function deriveKey(
  password: string,
  salt: string,
  length: number,
  network?: string,
): Promise<Buffer> {
  return threads.derive({ password, salt, length, network })
}
