/** An account on `node:sqlite`, with a stopped clock and a sequencer that keeps what it receives. */

import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AccessTokenCache } from '#src/account/access-token-cache.ts'
import type { Account, ImportLimits } from '#src/account/account.ts'
import { AnswerCache } from '#src/account/answer-cache.ts'
import { Background } from '#src/account/background.ts'
import { DirectoryMirror, type MirroredState } from '#src/account/directory-mirror.ts'
import { ExportLimits } from '#src/account/export-limits.ts'
import { FactorKinds } from '#src/account/factor-kinds.ts'
import { saveRoot } from '#src/account/head.ts'
import {
  type HistoryLimits,
  HistoryWindow,
  type TenantHistory,
  trimmingOutbox,
} from '#src/account/history-window.ts'
import { IdempotencyCache } from '#src/account/idempotency-cache.ts'
import { IdempotencyKeys } from '#src/account/idempotency-keys.ts'
import { Members } from '#src/account/members.ts'
import { MembershipMirror, type MirroredMembership } from '#src/account/membership-mirror.ts'
import { Outbox, type OutboxRow } from '#src/account/outbox.ts'
import { beginHistory, endHistory } from '#src/account/past.ts'
import type { PrivateEventRow } from '#src/account/private-events.ts'
import { PrivateOutbox } from '#src/account/private-outbox.ts'
import { Profile } from '#src/account/profile.ts'
import { Reminder } from '#src/account/reminder.ts'
import { firstRoot } from '#src/account/repo/init.ts'
import { accountSchema } from '#src/account/schema.ts'
import { Snapshots } from '#src/account/snapshots.ts'
import { StoredRecords } from '#src/account/stored-records.ts'
import { Takedowns } from '#src/account/takedowns.ts'
import { TidClock } from '#src/account/tid-clock.ts'
import { WriteLane } from '#src/account/write-lane.ts'
import type { Clock } from '#src/ports/clock.ts'
import { createKeychain } from '#src/ports/keychain.ts'
import { Mutex } from '#src/ports/mutex.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import { Slots } from '#src/ports/slots.ts'
import { diskSpool, type SpoolLimits } from '#src/ports/spool.ts'
import type { Sql } from '#src/ports/sql.ts'
import { systemTimer, type Timer } from '#src/ports/timer.ts'
import { type TestBlobs, testBlobs } from '#tests/support/memory-blobs.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql, overNodeSql } from '#tests/support/node-sql.ts'

export interface OpenAccount extends Account {
  /** What the sequencer received, in order, with duplicates. */
  readonly delivered: OutboxRow[]
  /** The same of private events. */
  readonly deliveredPrivately: PrivateEventRow[]
  /** What the directory received. */
  readonly sentStates: MirroredState[]
  readonly sentMemberships: MirroredMembership[]
  /** Makes this many of the next deliveries fail. */
  failDeliveries(count: number): void
}

export const testDid = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
export const testKey = signingKey(new Uint8Array(32).fill(7))
const keys = createKeychain(new Uint8Array(32).fill(1))

/** What an account without a history is opened with. */
export const noHistory: HistoryLimits = { days: 0, maxBytes: 1_000_000 }

/** Opens an account; with the `sql` of an earlier one it wakes that again. */
export async function openTestAccount(
  options: NodeSqlOptions & {
    sql?: Sql
    blobs?: TestBlobs
    clock?: Clock
    /** What the process remembers of calls; a new one if absent, as in another process. */
    cache?: IdempotencyCache
    importLimits?: ImportLimits
    exportLimits?: ExportLimits
    timer?: Timer
    /** Without days the account begins without a history. */
    history?: HistoryLimits
    /** What the directory answers; by default that the account has no tenant. */
    findTenantHistory?: () => Promise<TenantHistory | null>
  } = {},
): Promise<OpenAccount> {
  const database = options.sql ?? nodeSql({ schema: accountSchema, ...options })
  const { clock = { now: () => Date.parse('2026-01-01T00:00:00Z') } } = options
  const delivered: OutboxRow[] = []
  const deliveredPrivately: PrivateEventRow[] = []
  let failures = 0
  const reminder = new Reminder(async () => {})
  const delivery = {
    keepAwake: () => {},
    pause: async () => {},
    onFailure: () => {},
    isActorStopped: () => false,
  }
  const privateOutbox = new PrivateOutbox({
    ...delivery,
    sql: database,
    reminder,
    append: async (rows) => {
      if (failures-- > 0) throw new Error('the sequencer is away')
      deliveredPrivately.push(...rows)
      return { through: rows.at(-1)!.id }
    },
  })
  const sql = overNodeSql(privateOutbox.sql, database as NodeSql)
  const history = new HistoryWindow({
    ...{ sql, clock },
    limits: options.history ?? { days: 30, maxBytes: 20_000_000 },
    findTenantHistory: options.findTenantHistory ?? (async () => null),
  })
  const outbox = new Outbox({
    ...delivery,
    sql,
    table: trimmingOutbox(history),
    append: async (rows) => {
      if (failures-- > 0) throw new Error('the sequencer is away')
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
    send: async (state) => void sentStates.push(state),
  })
  const account: OpenAccount = {
    did: testDid,
    findInitialState: async () => null,
    service: {
      did: 'did:web:localhost',
      publicUrl: 'http://localhost',
      jwtSecret: new Uint8Array(32),
    },
    sql,
    clock,
    timer: options.timer ?? systemTimer,
    keys,
    profile,
    claimEmail: async () => {},
    directoryMirror,
    sentStates,
    answers,
    outbox,
    privateOutbox,
    reminder,
    tids: new TidClock(testDid, clock),
    records: new StoredRecords(sql),
    history,
    background: new Background(delivery),
    snapshots: new Snapshots({
      timer: options.timer ?? systemTimer,
      limits: options.exportLimits ?? new ExportLimits(),
    }),
    blobs: testBlobs({ ...options.blobs, did: testDid, sql, clock }),
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
    importLimits: options.importLimits ?? testImportLimits(),
    lane,
    idempotencyKeys: new IdempotencyKeys({
      ...{ did: testDid, sql, keys, clock, lane },
      cache: options.cache ?? new IdempotencyCache(),
    }),
    signer: async () => testKey,
    delivered,
    deliveredPrivately,
    failDeliveries: (count) => {
      failures = count
    },
  }
  if (options.sql === undefined) {
    await insertAccount(account)
    if (options.history?.days === 0) await sql.batch(endHistory())
  }
  outbox.resume()
  privateOutbox.resume()
  return account
}

/** As generous as a test may need, unless it asks for less. */
export function testImportLimits({
  maxFiles = 100,
  maxBytes = 1e9,
  idleMs = 600_000,
  timer = systemTimer,
  maxRecords = 1_000_000,
  slots = 2,
}: Partial<SpoolLimits> & {
  maxRecords?: number
  slots?: number
  timer?: Timer
} = {}): ImportLimits {
  const folder = join(tmpdir(), 'headwater-test-imports')
  const spool = diskSpool(folder, { maxFiles, maxBytes, idleMs }, timer)
  return { spool, slots: new Slots(slots), maxRecords }
}

async function insertAccount({ clock, sql, tids }: Account): Promise<void> {
  const root = firstRoot({ did: testDid, signer: testKey, rev: tids.next() })
  await sql.batch([
    {
      sql: `INSERT INTO account (id, handle, email, password_hash, signing_key, signing_key_did, status, created_at)
            VALUES (1, 'alice.test', 'alice@example.com', '', ?, ?, 'active', '2026-01-01T00:00:00.000Z')`,
      params: [keys.seal(new Uint8Array(32).fill(7), testDid), testKey.did()],
    },
    saveRoot(root),
    ...beginHistory(root, { of: null, now: clock.now() }),
  ])
}
