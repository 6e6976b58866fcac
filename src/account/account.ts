/** The first argument of every function of an account: its database, write lane, clock, keys and caches. */
import type { AccessTokenCache } from '#src/account/access-token-cache.ts'
import type { AnswerCache } from '#src/account/answer-cache.ts'
import type { Background } from '#src/account/background.ts'
import type { Blobs } from '#src/account/blobs.ts'
import type { DirectoryMirror } from '#src/account/directory-mirror.ts'
import type { FactorKinds } from '#src/account/factor-kinds.ts'
import type { HistoryWindow } from '#src/account/history-window.ts'
import type { IdempotencyKeys } from '#src/account/idempotency-keys.ts'
import type { InitialState } from '#src/account/initial-state.ts'
import type { Members } from '#src/account/members.ts'
import type { MembershipMirror } from '#src/account/membership-mirror.ts'
import type { OpenImport } from '#src/account/open-import.ts'
import type { Outbox } from '#src/account/outbox.ts'
import type { PrivateOutbox } from '#src/account/private-outbox.ts'
import type { Profile } from '#src/account/profile.ts'
import type { Reminder } from '#src/account/reminder.ts'
import type { Snapshots } from '#src/account/snapshots.ts'
import type { StoredRecords } from '#src/account/stored-records.ts'
import type { Takedowns } from '#src/account/takedowns.ts'
import type { TidClock } from '#src/account/tid-clock.ts'
import type { Lane } from '#src/account/write-lane.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { Mutex } from '#src/ports/mutex.ts'
import type { SigningKey } from '#src/ports/secp256k1.ts'
import type { Slots } from '#src/ports/slots.ts'
import type { Spool } from '#src/ports/spool.ts'
import type { Sql } from '#src/ports/sql.ts'
import type { Timer } from '#src/ports/timer.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'

export interface Service {
  did: string
  /** Without a trailing slash. */
  publicUrl: string
  jwtSecret: Uint8Array
}

/** Shared by all accounts of a process. */
export interface ImportLimits {
  /** For the files of imports. */
  readonly spool: Spool
  /** For imports that are verified and stored. */
  readonly slots: Slots
  readonly maxRecords: number
}

export interface Account {
  readonly did: string
  readonly service: Service
  findInitialState(): Promise<InitialState | null>
  readonly sql: Sql
  readonly clock: Clock
  readonly timer: Timer
  readonly keys: Keychain
  /** To sign commits, use `repo/signer.ts`. */
  signer(): Promise<SigningKey>
  readonly tids: TidClock
  /** The `account` row; not app.bsky.actor.profile. */
  readonly profile: Profile
  /** Claims an email address at the directory. Idempotent. Throws 400 if another account has the address. */
  claimEmail(email: string): Promise<void>
  readonly directoryMirror: DirectoryMirror
  readonly lane: Lane
  readonly accessTokens: AccessTokenCache
  readonly factorKinds: FactorKinds
  readonly factorMutex: Mutex
  readonly emailMutex: Mutex
  readonly imports: { open: OpenImport | undefined }
  readonly importLimits: ImportLimits
  readonly idempotencyKeys: IdempotencyKeys
  readonly outbox: Outbox
  /** Of private events; `sql` finds them in what it stores. */
  readonly privateOutbox: PrivateOutbox
  readonly reminder: Reminder
  readonly blobs: Blobs
  readonly history: HistoryWindow
  /** Work that continues after the call that began it. */
  readonly background: Background
  readonly records: StoredRecords
  readonly snapshots: Snapshots
  readonly takedowns: Takedowns
  readonly answers: AnswerCache
  readonly members: Members
  readonly membershipMirror: MembershipMirror
  /** If the account is a group and a member acts as it (acting.ts). */
  readonly actingMember?: ActingMember
}
