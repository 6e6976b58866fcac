/** An account before its first wake, on `node:sqlite`: the subject of lifecycle and session tests. */
import { AccessTokenCache } from '#src/account/access-token-cache.ts'
import type { Account } from '#src/account/account.ts'
import { AnswerCache } from '#src/account/answer-cache.ts'
import { Background } from '#src/account/background.ts'
import { DirectoryMirror, type MirroredState } from '#src/account/directory-mirror.ts'
import { ExportLimits } from '#src/account/export-limits.ts'
import { FactorKinds } from '#src/account/factor-kinds.ts'
import { HistoryWindow, trimmingOutbox } from '#src/account/history-window.ts'
import { IdempotencyCache } from '#src/account/idempotency-cache.ts'
import { IdempotencyKeys } from '#src/account/idempotency-keys.ts'
import type { InitialState } from '#src/account/initial-state.ts'
import { provisionOrResume } from '#src/account/lifecycle/wake.ts'
import { Members } from '#src/account/members.ts'
import { MembershipMirror, type MirroredMembership } from '#src/account/membership-mirror.ts'
import { Outbox, type OutboxRow } from '#src/account/outbox.ts'
import type { PrivateEventRow } from '#src/account/private-events.ts'
import { PrivateOutbox } from '#src/account/private-outbox.ts'
import { Profile } from '#src/account/profile.ts'
import { Reminder } from '#src/account/reminder.ts'
import { accountSchema } from '#src/account/schema.ts'
import { cachedSigningKey } from '#src/account/signing-key.ts'
import { Snapshots } from '#src/account/snapshots.ts'
import { StoredRecords } from '#src/account/stored-records.ts'
import { Takedowns } from '#src/account/takedowns.ts'
import { TidClock } from '#src/account/tid-clock.ts'
import { WriteLane } from '#src/account/write-lane.ts'
import { createKeychain } from '#src/ports/keychain.ts'
import { Mutex } from '#src/ports/mutex.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { systemTimer } from '#src/ports/timer.ts'
import { testBlobs } from '#tests/support/memory-blobs.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql, overNodeSql } from '#tests/support/node-sql.ts'
import { testImportLimits } from '#tests/support/open-account.ts'

export interface EmptyAccount extends Account {
  readonly sql: NodeSql
  /** What is under `sql`, for the account after a crash. */
  readonly database: NodeSql
  /** What the sequencer received, in order, with duplicates. */
  readonly delivered: OutboxRow[]
  /** The same of private events. */
  readonly deliveredPrivately: PrivateEventRow[]
  /** What the directory received. */
  readonly sentStates: MirroredState[]
  readonly sentMemberships: MirroredMembership[]
}

export const keys = createKeychain(new Uint8Array(32).fill(3))
export const service = {
  did: 'did:web:localhost',
  publicUrl: 'http://localhost:2583',
  jwtSecret: new Uint8Array(32).fill(9),
}

/** A clock that the test sets. */
export class TestClock {
  time = Date.parse('2026-01-01T00:00:00Z')
  now(): number {
    return this.time
  }
}

/** Opens an account without a row, or (`after` a crash) on the database of an earlier one. */
export function emptyAccount(
  did: string,
  options: {
    clock?: TestClock
    after?: EmptyAccount
    onBatch?: NodeSqlOptions['onBatch']
    sync?: NodeSqlOptions['sync']
    /** What the process remembers of calls; a new one if absent, as in another process. */
    cache?: IdempotencyCache
    directory?: {
      send(state: MirroredState): Promise<void>
      findBirth(): Promise<InitialState | null>
    }
  } = {},
): EmptyAccount {
  const { clock = new TestClock(), after, onBatch, sync, directory } = options
  const hooks = { ...(onBatch && { onBatch }), ...(sync && { sync }) }
  const database = after?.database ?? nodeSql({ schema: accountSchema, ...hooks })
  const delivered: OutboxRow[] = after?.delivered ?? []
  const deliveredPrivately: PrivateEventRow[] = after?.deliveredPrivately ?? []
  const reminder = new Reminder(async () => {})
  const delivery = {
    keepAwake: () => {},
    pause: async () => {},
    onFailure: () => {},
    isActorStopped: (error: unknown) =>
      error instanceof Error && error.message === 'the process has crashed',
  }
  const privateOutbox = new PrivateOutbox({
    ...delivery,
    sql: database,
    reminder,
    append: async (rows) => {
      deliveredPrivately.push(...rows)
      return { through: rows.at(-1)!.id }
    },
  })
  const sql = overNodeSql(privateOutbox.sql, database)
  const limits = { days: 30, maxBytes: 20_000_000 }
  const history = new HistoryWindow({ sql, clock, limits, findTenantHistory: async () => null })
  const outbox = new Outbox({
    ...delivery,
    sql,
    table: trimmingOutbox(history),
    append: async (rows) => {
      if (rows.some(({ kind }) => kind === '#account')) await directoryMirror.push()
      delivered.push(...rows)
      return { through: rows.at(-1)!.id }
    },
  })
  const answers = new AnswerCache()
  const lane = new WriteLane({ sql, clock, outbox, reminder, answers })
  const profile = new Profile(sql)
  const sentStates: MirroredState[] = []
  const sentMemberships: MirroredMembership[] = []
  const directoryMirror = new DirectoryMirror({
    profile,
    send: async (state) => {
      await directory?.send(state)
      sentStates.push(state)
    },
  })
  return {
    did,
    findInitialState: async () => (await directory?.findBirth()) ?? null,
    service,
    sql,
    clock,
    timer: systemTimer,
    keys,
    profile,
    claimEmail: async () => {},
    directoryMirror,
    sentStates,
    answers,
    outbox,
    privateOutbox,
    reminder,
    tids: new TidClock(did, clock),
    records: new StoredRecords(sql),
    history,
    background: new Background(delivery),
    snapshots: new Snapshots({ timer: systemTimer, limits: new ExportLimits() }),
    blobs: testBlobs({ did, sql, clock }),
    takedowns: new Takedowns(sql),
    members: new Members(sql),
    membershipMirror: new MembershipMirror({
      ...delivery,
      sql,
      reminder,
      send: async (memberships) => void sentMemberships.push(...memberships),
    }),
    sentMemberships,
    accessTokens: new AccessTokenCache(),
    factorKinds: new FactorKinds(sql),
    factorMutex: new Mutex(),
    emailMutex: new Mutex(),
    imports: { open: undefined },
    importLimits: testImportLimits(),
    lane,
    idempotencyKeys: new IdempotencyKeys({
      ...{ did, sql, keys, clock, lane },
      cache: options.cache ?? new IdempotencyCache(),
    }),
    signer: cachedSigningKey({ did, keys, profile }),
    delivered,
    deliveredPrivately,
    database,
  }
}

/** The kinds of all delivered events as the sequencer counts them: each id once. */
export async function deliveredKinds({ outbox, delivered }: EmptyAccount): Promise<string[]> {
  outbox.resume()
  await outbox.settled()
  const kinds = new Map(delivered.map(({ id, kind }) => [id, kind]))
  return [...kinds].sort(([a], [b]) => a - b).map(([, kind]) => kind)
}

/** The account begins with a session. */
type SessionInitialState = InitialState & { tokenId: string }

/** The initial state of a new account, with a new signing key. */
export function newInitialState(did: string, passwordHash = 'salt:hash'): SessionInitialState {
  const { privateKey, key } = newSigningKey()
  return {
    handle: 'alice.test',
    email: 'alice@example.com',
    passwordHash,
    signingKey: keys.seal(privateKey, did),
    signingKeyDid: key.did(),
    tokenId: 'first',
    createdAt: '2026-01-01T00:00:00.000Z',
    status: 'active',
    deleteAfter: null,
  }
}

export async function provisionAccount(
  account: Account,
  passwordHash?: string,
): Promise<SessionInitialState> {
  const initialState = newInitialState(account.did, passwordHash)
  await provisionOrResume(account, async () => initialState)
  return initialState
}
