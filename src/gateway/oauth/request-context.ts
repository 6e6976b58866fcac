/** The HTTP request during which the provider calls its stores, which do not get it as an argument. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { ClientInfo } from '#src/account/security-events.ts'
import type { ListedGroup } from '#src/directory/memberships.ts'
import type { OpenedPage } from '#src/gateway/oauth/opened-page.ts'
import type { Role } from '#src/rules/group-roles.ts'

/** A member that acts as a group on a browser. */
export interface Acting {
  deviceId: string
  member: string
  /** When it signed in there. */
  signedInAt: number
  /** Absent if the group was not asked. */
  role?: Role
}

export interface RequestContext {
  client: ClientInfo
  cookie: string | undefined
  startedAt?: number
  /** It is a pushed authorization request, of an unauthenticated caller. */
  isPushed?: boolean
  /** When the sign-in began that the request continues without a remembered browser. */
  signedInAt?: number | undefined
  /** The browser that is new with this request, and when its shard accepts it: before the response, beside other work. */
  newDevice?: { id: string; accepted: Promise<void> }
  /** Sets the response's Retry-After, in seconds. */
  retryAfter?: (seconds: string) => void
  /** By the DID of the group; set when the browser's accounts are looked up. */
  acting?: Map<string, Acting>
  /** The group that the authorization request is for. */
  hintedGroup?: Pick<ListedGroup, 'did' | 'handle' | 'status'>
  /** What the library's page would show, if a page of ours takes its place. */
  opened?: OpenedPage
}

const storage = new AsyncLocalStorage<RequestContext>()

export function withRequestContext<T>(context: RequestContext, work: () => T): T {
  return storage.run(context, work)
}

export function requestContext(): RequestContext {
  return storage.getStore() ?? { client: {}, cookie: undefined }
}
