/** The request behind a call of the provider's stores, which are not told of it: who asks, and with which cookies. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientInfo } from '#src/account/security-events.ts'

export interface RequestContext {
  clientInfo: ClientInfo
  /** The Cookie header. */
  cookie: string | undefined
}

const asking = new AsyncLocalStorage<RequestContext>()

/** Runs what handles a request; whatever that calls can ask `whoAsks`. */
export function withRequestContext<T>(request: RequestContext, work: () => T): T {
  return asking.run(request, work)
}

export function requestContext(): RequestContext {
  return asking.getStore() ?? { clientInfo: {}, cookie: undefined }
}
