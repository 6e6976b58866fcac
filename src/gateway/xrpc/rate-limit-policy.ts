/** Which limits each method has, for whom, and what a call costs: the amounts of the reference PDS. */
import type { Limit } from '#src/limits/limiter.ts'

/** Who is counted: the client's address, the account, or the account's name together with the address. */
type Counted = 'ip' | 'did' | 'identifier and ip'

export interface RateLimitRule {
  limit: Limit
  countedBy: Counted
  /** Points of a call, from its checked input; one unless said. */
  cost?: (input: unknown) => number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const globally = rule('global-ip', 3000, 5 * MINUTE, 'ip')

/** Methods, with how many points in how long. */
const own: Record<string, [Counted, ...(readonly [points: number, durationMs: number])[]]> = {
  'com.atproto.server.createAccount': ['ip', [100, 5 * MINUTE]],
  'com.atproto.server.createSession': ['identifier and ip', [300, DAY], [30, 5 * MINUTE]],
  'com.atproto.server.deleteAccount': ['ip', [50, 5 * MINUTE]],
  'com.atproto.server.resetPassword': ['ip', [50, 5 * MINUTE]],
  'com.atproto.server.requestPasswordReset': ['ip', [50, DAY], [15, HOUR]],
  'com.atproto.server.requestAccountDelete': ['did', [15, DAY], [5, HOUR]],
  'com.atproto.server.requestEmailConfirmation': ['did', [15, DAY], [5, HOUR]],
  'com.atproto.server.requestEmailUpdate': ['did', [15, DAY], [5, HOUR]],
  'com.atproto.identity.updateHandle': ['did', [10, 5 * MINUTE], [50, DAY]],
  'com.atproto.repo.uploadBlob': ['ip', [1000, DAY]],
  'com.atproto.sync.getRepo': ['ip', [6000, 5 * MINUTE]],
}

/** All writes of an account share two limits. */
const writes: Record<string, (input: unknown) => number> = {
  'com.atproto.repo.createRecord': () => 3,
  'com.atproto.repo.putRecord': () => 2,
  'com.atproto.repo.deleteRecord': () => 1,
  'com.atproto.repo.applyWrites': costOfWrites,
}

const rules = new Map<string, readonly RateLimitRule[]>([
  ...Object.entries(own).map(([nsid, [counted, ...limits]]): [string, RateLimitRule[]] => {
    const ours = limits.map(([points, ms], i) => rule(`${nsid}-${i}`, points, ms, counted))
    // Repos are read in bulk by those who follow the network: they do not use up what the other calls share.
    return [nsid, nsid === 'com.atproto.sync.getRepo' ? ours : [...ours, globally]]
  }),
  ...Object.entries(writes).map(([nsid, cost]): [string, RateLimitRule[]] => [
    nsid,
    [
      { ...rule('repo-write-hour', 5000, HOUR, 'did'), cost },
      { ...rule('repo-write-day', 35_000, DAY, 'did'), cost },
      globally,
    ],
  ]),
])

/** The rules of a method, or of whatever else is asked for below /xrpc/. */
export function rateLimitRules(nsid: string): readonly RateLimitRule[] {
  return rules.get(nsid) ?? [globally]
}

function rule(name: string, points: number, durationMs: number, counted: Counted): RateLimitRule {
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
