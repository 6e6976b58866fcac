/** The rate limits of each method, what they are counted by, and what a call costs: the reference PDS's amounts. */
import type { Limit } from '#src/limits/limiter.ts'
import { PUBLISH } from '#src/protocol/realtime-names.ts'

type CountedBy = 'ip' | 'did' | 'identifier and ip' | 'tenant'

export interface RateLimitRule {
  limit: Limit
  countedBy: CountedBy
  /** The points of a call, from its validated input; default: 1. */
  cost?: (input: unknown) => number
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const MESSAGES_PER_SECOND = 10

const globalRule = rule('global-ip', 3000, 5 * MINUTE_MS, 'ip')

/** Of all sign-ins, by session or on a page. The reference has none. */
export const failedSignInLimit: Limit = {
  name: 'failed-sign-in',
  points: 100,
  durationMs: 5 * MINUTE_MS,
}

const limitsByMethod: Record<
  string,
  [CountedBy, ...(readonly [points: number, durationMs: number])[]]
> = {
  'com.atproto.server.createAccount': ['ip', [100, 5 * MINUTE_MS]],
  'com.atproto.server.createSession': ['identifier and ip', [300, DAY_MS], [30, 5 * MINUTE_MS]],
  'com.atproto.server.deleteAccount': ['ip', [50, 5 * MINUTE_MS]],
  // The reference has none; each key is stored.
  'com.atproto.server.reserveSigningKey': ['ip', [100, 5 * MINUTE_MS]],
  'com.atproto.server.resetPassword': ['ip', [50, 5 * MINUTE_MS]],
  'com.atproto.server.requestPasswordReset': ['ip', [50, DAY_MS], [15, HOUR_MS]],
  'com.atproto.server.requestAccountDelete': ['did', [15, DAY_MS], [5, HOUR_MS]],
  'com.atproto.server.requestEmailConfirmation': ['did', [15, DAY_MS], [5, HOUR_MS]],
  'com.atproto.server.requestEmailUpdate': ['did', [15, DAY_MS], [5, HOUR_MS]],
  // The reference answers it elsewhere; each call here may call other servers.
  'com.atproto.identity.refreshIdentity': ['ip', [100, 5 * MINUTE_MS]],
  'com.atproto.identity.updateHandle': ['did', [10, 5 * MINUTE_MS], [50, DAY_MS]],
  'dev.headwater.group.create': ['did', [20, HOUR_MS], [100, DAY_MS]],
  // Each may be a guess.
  'dev.headwater.group.acceptInvite': ['did', [30, 5 * MINUTE_MS]],
  // Each builds the tree of the whole repo, as it was, before its first byte.
  'dev.headwater.history.getRepo': ['did', [30, 5 * MINUTE_MS]],
  // Each calls a server that the caller names.
  'dev.headwater.archive.putBucket': ['did', [10, 5 * MINUTE_MS], [50, DAY_MS]],
  // Each may read the whole account and send it there.
  'dev.headwater.archive.createArchive': ['did', [5, HOUR_MS], [20, DAY_MS]],
  'com.atproto.repo.uploadBlob': ['ip', [1000, DAY_MS]],
  'com.atproto.sync.getRepo': ['ip', [6000, 5 * MINUTE_MS]],
  [PUBLISH]: ['did', [MESSAGES_PER_SECOND, 1_000]],
}

/** Methods that do the same as another one, and count as it. */
const sameLimits: Readonly<Record<string, string>> = {
  '_delegation.createDelegatedAccount': 'dev.headwater.group.create',
  '_delegation.resolveController': 'com.atproto.identity.refreshIdentity',
}

/** What is counted besides calls, and not against the global limit. */
export const failedAdmin = 'failed admin credentials'
export const failedService = 'failed service tokens'
/** Requests outside of XRPC: pages, well-known files, the operator's routes. */
export const otherRequests = 'other requests'

/** What an account says in channels over its connections; publish counts against the same limit. */
export const channelMessages = 'channel messages'
/** Subscriptions and channels that an account asks for on its connections: each may read the log or a record. */
export const realtimeRequests = 'realtime requests'

/** All writes of an account share two limits, by hour and by day. */
const writeCosts: Record<string, (input: unknown) => number> = {
  'com.atproto.repo.createRecord': () => 3,
  'com.atproto.repo.putRecord': () => 2,
  'com.atproto.repo.deleteRecord': () => 1,
  'com.atproto.repo.applyWrites': costOfWrites,
}

/** Requests outside of XRPC that leave a row behind: pushed authorization requests, and browsers without a cookie. */
const pageRules: [string, RateLimitRule[]][] = [
  ['oauth/par', [rule('oauth-par', 300, 5 * MINUTE_MS, 'ip'), globalRule]],
  ['oauth/device', [rule('oauth-device', 300, 5 * MINUTE_MS, 'ip')]],
]

const rulesByMethod = new Map<string, readonly RateLimitRule[]>([
  ...Object.entries(limitsByMethod).map(
    ([nsid, [counted, ...limits]]): [string, RateLimitRule[]] => {
      const methodRules = limits.map(([points, ms], i) => rule(`${nsid}-${i}`, points, ms, counted))
      // Relays fetch repos in bulk: getRepo does not count against the global limit.
      return [
        nsid,
        nsid === 'com.atproto.sync.getRepo' ? methodRules : [...methodRules, globalRule],
      ]
    },
  ),
  [failedAdmin, [rule('failed-admin', 30, 5 * MINUTE_MS, 'ip')]],
  // Some services send the tokens of many accounts.
  [failedService, [rule('failed-service', 100, 5 * MINUTE_MS, 'ip')]],
  [channelMessages, [rule(`${PUBLISH}-0`, MESSAGES_PER_SECOND, 1_000, 'did')]],
  [realtimeRequests, [rule('realtime-requests', 600, MINUTE_MS, 'did')]],
  ...pageRules,
  ...Object.entries(writeCosts).map(([nsid, cost]): [string, RateLimitRule[]] => [
    nsid,
    [
      { ...rule('repo-write-hour', 5000, HOUR_MS, 'did'), cost },
      { ...rule('repo-write-day', 35_000, DAY_MS, 'did'), cost },
      globalRule,
    ],
  ]),
])

/** A tenant calls for all of its accounts, often from one address. */
const tenantRule = rule('tenant', 6_000, MINUTE_MS, 'tenant')
const rulesOfTenants = new Map<string, readonly RateLimitRule[]>([
  // Each asks name servers.
  ['dev.headwater.tenant.verifyDomain', [rule('tenant-domains', 30, 5 * MINUTE_MS, 'tenant')]],
])

/** None for createAccount by the admin, who may create many. */
export function rateLimitRules(nsid: string, caller?: unknown): readonly RateLimitRule[] {
  const isByAdmin = typeof caller === 'object' && caller !== null && 'admin' in caller
  if (isByAdmin && nsid === 'com.atproto.server.createAccount') return []
  if (typeof caller === 'object' && caller !== null && 'tenant' in caller)
    return rulesOfTenants.get(nsid) ?? [tenantRule]
  return rulesByMethod.get(sameLimits[nsid] ?? nsid) ?? [globalRule]
}

function rule(name: string, points: number, durationMs: number, counted: CountedBy): RateLimitRule {
  return { limit: { name, points, durationMs }, countedBy: counted }
}

function costOfWrites(input: unknown): number {
  const { writes } = input as { writes: readonly { $type: string }[] }
  return writes.reduce((sum, { $type }) => sum + costOfWrite($type), 0)
}

function costOfWrite(type: string): number {
  if (type.endsWith('#create')) return 3
  return type.endsWith('#update') ? 2 : 1
}
