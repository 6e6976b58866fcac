/** The request behind a call of the provider's stores, which are not told of it: who asks, and with which cookies. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Where } from '#src/account/security-events.ts'

export interface Asking {
  where: Where
  /** The Cookie header. */
  cookie: string | undefined
}

const asking = new AsyncLocalStorage<Asking>()

/** Runs what handles a request; whatever that calls can ask `whoAsks`. */
export function askedBy<T>(request: Asking, work: () => T): T {
  return asking.run(request, work)
}

export function whoAsks(): Asking {
  return asking.getStore() ?? { where: {}, cookie: undefined }
}
