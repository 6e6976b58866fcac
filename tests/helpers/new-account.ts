/** An account that nobody has created yet, on `node:sqlite`: the subject of lifecycle and session tests. */
import type { Account } from '#src/account/account.ts'
import { AnswerCache } from '#src/account/answer-cache.ts'
import type { Birth } from '#src/account/birth.ts'
import { awaken } from '#src/account/lifecycle/awaken.ts'
import { Outbox, type OutboxRow } from '#src/account/outbox.ts'
import { ownKey } from '#src/account/own-key.ts'
import { Profile } from '#src/account/profile.ts'
import { accountSchema } from '#src/account/schema.ts'
import { Snapshots } from '#src/account/snapshots.ts'
import { Standing, type ToldState } from '#src/account/standing.ts'
import { StoredRecords } from '#src/account/stored-records.ts'
import { Takedowns } from '#src/account/takedowns.ts'
import { TicketBook, Tickets } from '#src/account/tickets.ts'
import { TidClock } from '#src/account/tid-clock.ts'
import { WriteLane } from '#src/account/write-lane.ts'
import { createKeychain } from '#src/ports/keychain.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { testBlobs } from '#tests/helpers/memory-blobs.ts'
import { type NodeSql, type NodeSqlOptions, nodeSql } from '#tests/helpers/node-sql.ts'

export interface EmptyAccount extends Account {
  readonly sql: NodeSql
  /** What the sequencer was given. */
  readonly delivered: OutboxRow[]
  /** What the directory was told. */
  readonly told: ToldState[]
}

export const keys = createKeychain(new Uint8Array(32).fill(3))
export const service = {
  did: 'did:web:localhost',
  publicUrl: 'http://localhost:2583',
  jwtSecret: new Uint8Array(32).fill(9),
}

/** A clock in the test's hand. */
export class TestClock {
  time = Date.parse('2026-01-01T00:00:00Z')
  now(): number {
    return this.time
  }
}

/** Opens an account without a row; or what an earlier life of it left, `after` a crash. */
export function emptyAccount(
  did: string,
  options: {
    clock?: TestClock
    after?: EmptyAccount
    onBatch?: NodeSqlOptions['onBatch']
    /** The directory, as the account calls it. */
    directory?: { send(state: ToldState): Promise<void>; findBirth(): Promise<Birth | null> }
  } = {},
): EmptyAccount {
  const { clock = new TestClock(), after, onBatch, directory } = options
  const sql = after?.sql ?? nodeSql({ schema: accountSchema, ...(onBatch && { onBatch }) })
  const delivered: OutboxRow[] = after?.delivered ?? []
  const outbox = new Outbox({
    sql,
    append: async (rows) => {
      if (rows.some(({ kind }) => kind === '#account')) await standing.tell()
      delivered.push(...rows)
      return { through: rows.at(-1)!.id }
    },
    askForReminder: async () => {},
    hold: () => {},
    pause: async () => {},
    onFailure: () => {},
    isOver: (error) => error instanceof Error && error.message === 'the process is dead',
  })
  const answers = new AnswerCache()
  const lane = new WriteLane({ sql, clock, outbox, answers })
  const profile = new Profile(sql)
  const told: ToldState[] = []
  const standing = new Standing({
    profile,
    send: async (state) => {
      await directory?.send(state)
      told.push(state)
    },
  })
  return {
    did,
    findBirth: async () => (await directory?.findBirth()) ?? null,
    service,
    sql,
    clock,
    keys,
    profile,
    claimEmail: async () => {},
    standing,
    told,
    answers,
    outbox,
    tids: new TidClock(did, clock),
    records: new StoredRecords(sql),
    snapshots: new Snapshots(),
    blobs: testBlobs({ did, sql, clock }),
    takedowns: new Takedowns(sql),
    lane,
    tickets: new Tickets({ did, clock, lane, book: new TicketBook() }),
    signer: ownKey({ did, keys, profile }),
    delivered,
  }
}

/** The kinds of all events that have left the account, as the sequencer counts them: each id once. */
export async function announced({ outbox, delivered }: EmptyAccount): Promise<string[]> {
  outbox.resume()
  await outbox.settled()
  const kinds = new Map(delivered.map(({ id, kind }) => [id, kind]))
  return [...kinds].sort(([a], [b]) => a - b).map(([, kind]) => kind)
}

/** What a new account is made of, under a fresh key. */
export function newBirth(did: string, passwordHash = 'salt:hash'): Birth {
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

/** Wakes the account for the first time. */
export async function beBorn(account: Account, passwordHash?: string): Promise<Birth> {
  const birth = newBirth(account.did, passwordHash)
  await awaken(account, async () => birth)
  return birth
}
