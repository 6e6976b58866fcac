/** What a subscription asks for: checked against what its credential may receive, and made a filter. */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { EventStream } from '#src/gateway/events/event-stream.ts'
import {
  type EventFilter,
  type FilterRules,
  parseCollections,
  parseDids,
} from '#src/gateway/events/filter.ts'
import type { SubscriptionRequest } from '#src/gateway/realtime/client-messages.ts'
import { type Credential, didOf } from '#src/gateway/realtime/credential.ts'
import {
  type EventKind,
  isKind,
  isPublic,
  kindsOfMembers,
  mustReceive,
  publicKinds,
  receivableKinds,
  type ScopeSettings,
} from '#src/gateway/realtime/may-receive.ts'
import { futureCursor } from '#src/gateway/realtime/subscriber-errors.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import { MAX_LOOKED_UP_ACCOUNTS } from '#src/rules/account-lookups.ts'

export interface RequestedEvents {
  filter: EventFilter
  includePrivate: boolean
  /** Kinds that were named: the credential must keep what they need. */
  named: readonly EventKind[]
}

export interface RequestPorts extends ScopeSettings {
  findAccount: FindAccount
  stream: Pick<EventStream, 'bounds' | 'head'>
}

const RULES: FilterRules = {
  maxCollections: 100,
  maxDids: MAX_LOOKED_UP_ACCOUNTS,
  checkPrefixes: true,
}

/**
 * Throws 400 InvalidRequest, 403 ScopeMissing for a kind that was named and may not be received of one of the accounts, and
 * 400 AccountNotFound and FutureCursor. Without `dids`, or if they are empty, the caller's own account; for the admin, all accounts.
 */
export async function requestedEvents(
  ports: RequestPorts,
  credential: Credential,
  { dids: given = [], kinds, collections = [], cursor }: SubscriptionRequest,
): Promise<RequestedEvents> {
  const own = didOf(credential)
  const wanted = given.length > 0 || own === undefined ? given : [own]
  const dids = parseDids(wanted, RULES)
  const collectionFilter = parseCollections(collections, RULES)
  await Promise.all(wanted.map((did) => mustExist(ports, did)))
  const named = (kinds ?? []).map(mustBeKind)
  for (const kind of named) mustReceiveOfAll(kind, ports, credential, wanted)
  await mustNotBeInFuture(ports, cursor)
  const receivable = kinds === undefined ? receivableOfAny(ports, credential, dids) : named
  const filter = {
    kinds: new Set<string>(receivable),
    ...(dids && { dids }),
    ...(collectionFilter && { collections: collectionFilter }),
  }
  return { filter, includePrivate: receivable.some((kind) => !isPublic(kind)), named }
}

async function mustNotBeInFuture({ stream }: RequestPorts, cursor = 0): Promise<void> {
  if (cursor > stream.head && cursor > (await stream.bounds()).head) throw futureCursor()
}

/** What each account has that the credential may receive of it. */
function receivableOfAny(
  ports: ScopeSettings,
  credential: Credential,
  dids: ReadonlySet<string> | undefined,
): EventKind[] {
  // Without named accounts there are no private events.
  if (dids === undefined) return [...publicKinds]
  if (credential.kind === 'member' && dids.has(credential.did)) return kindsOfMembers()
  return [...new Set([...dids].flatMap((did) => receivableKinds(credential, did, ports)))]
}

export function mustReceiveOfAll(
  kind: EventKind,
  settings: ScopeSettings,
  credential: Credential,
  dids: readonly string[],
): void {
  if (dids.length === 0 && !isPublic(kind)) {
    throw invalidRequest(`The kind ${kind} needs the accounts to be named`)
  }
  for (const did of dids) mustReceive(kind, credential, did, settings)
}

function mustBeKind(name: string): EventKind {
  if (isKind(name)) return name
  throw invalidRequest(`Unknown kind: ${name.slice(0, 64)}`)
}

async function mustExist({ findAccount }: RequestPorts, did: string): Promise<void> {
  if ((await findAccount(did)) !== undefined) return
  throw new XrpcError(400, 'AccountNotFound', `No account of this server: ${did}`)
}
