/** What every room of an account is given, and nothing more: its database, its lane, its clock and its keys. */
import type { AnswerCache } from '#src/account/answer-cache.ts'
import type { Outbox } from '#src/account/outbox.ts'
import type { Profile } from '#src/account/profile.ts'
import type { Snapshots } from '#src/account/snapshots.ts'
import type { StoredRecords } from '#src/account/stored-records.ts'
import type { Tickets } from '#src/account/tickets.ts'
import type { TidClock } from '#src/account/tid-clock.ts'
import type { WriteLane } from '#src/account/write-lane.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { Sql } from '#src/ports/sql.ts'
import type { Signer } from '#src/protocol/commit.ts'

/** Who this server is; the same for every account in it. */
export interface Service {
  /** The service DID, for example `did:web:pds.example.com`. */
  did: string
  /** Where clients reach the server, without a trailing slash. */
  publicUrl: string
  /** HS256 secret of the session tokens. */
  jwtSecret: Uint8Array
}

/** One account, open: built once per wake by `actors/open-account.ts`. */
export interface Account {
  readonly did: string
  readonly service: Service
  readonly sql: Sql
  readonly clock: Clock
  readonly keys: Keychain
  /** The repo's signing key, unsealed at its first use. */
  signer(): Promise<Signer>
  readonly tids: TidClock
  /** The account's own row: handle, email, status, password. */
  readonly profile: Profile
  /** The only way to change the repo: one writer at a time, committed in groups. */
  readonly lane: WriteLane
  /** Keeps a write that arrives twice from being done twice. */
  readonly tickets: Tickets
  readonly outbox: Outbox
  /** Single records, as they are stored. */
  readonly records: StoredRecords
  /** Exports under way, which go on showing the repo as it was. */
  readonly snapshots: Snapshots
  /** Encoded answers of reads, dropped at each commit. */
  readonly answers: AnswerCache
}
