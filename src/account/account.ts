/** What every room of an account is given, and nothing more: its database, its lane, its clock and its keys. */
import type { AccessTokenCache } from '#src/account/access-token-cache.ts'
import type { AnswerCache } from '#src/account/answer-cache.ts'
import type { Blobs } from '#src/account/blobs.ts'
import type { DirectoryMirror } from '#src/account/directory-mirror.ts'
import type { FactorKinds } from '#src/account/factor-kinds.ts'
import type { IdempotencyKeys } from '#src/account/idempotency-keys.ts'
import type { InitialState } from '#src/account/initial-state.ts'
import type { OpenImport } from '#src/account/open-import.ts'
import type { Outbox } from '#src/account/outbox.ts'
import type { Profile } from '#src/account/profile.ts'
import type { Snapshots } from '#src/account/snapshots.ts'
import type { StoredRecords } from '#src/account/stored-records.ts'
import type { Takedowns } from '#src/account/takedowns.ts'
import type { TidClock } from '#src/account/tid-clock.ts'
import type { WriteLane } from '#src/account/write-lane.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import type { Mutex } from '#src/ports/mutex.ts'
import type { SigningKey } from '#src/ports/secp256k1.ts'
import type { Sql } from '#src/ports/sql.ts'

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
  /** What the directory keeps of an account that is still to be born; null for none. */
  findInitialState(): Promise<InitialState | null>
  readonly sql: Sql
  readonly clock: Clock
  readonly keys: Keychain
  /** The account's signing key. For commits ask `repo/signer.ts`. */
  signer(): Promise<SigningKey>
  readonly tids: TidClock
  /** The account's own row: handle, email, status, password. */
  readonly profile: Profile
  /** Has the directory note another email; may be repeated. Throws 400 where somebody else has it. */
  claimEmail(email: string): Promise<void>
  /** Its state on the way to the directory, and changes of it one after another. */
  readonly directoryMirror: DirectoryMirror
  /** The only way to change the repo: one writer at a time, committed in groups. */
  readonly lane: WriteLane
  readonly accessTokens: AccessTokenCache
  readonly factorKinds: FactorKinds
  /** Serializes what reads second factors and then writes them. */
  readonly factorMutex: Mutex
  /** Serializes changes of the email. */
  readonly emailMutex: Mutex
  readonly imports: { open: OpenImport | undefined }
  /** Keeps a write that arrives twice from being done twice. */
  readonly idempotencyKeys: IdempotencyKeys
  readonly outbox: Outbox
  /** Brings the bytes of blobs to where their rows say they belong. */
  readonly blobs: Blobs
  /** Single records, as they are stored. */
  readonly records: StoredRecords
  /** Exports under way, which go on showing the repo as it was. */
  readonly snapshots: Snapshots
  /** Records that are hidden from readers. */
  readonly takedowns: Takedowns
  /** Encoded answers of reads, dropped at each commit. */
  readonly answers: AnswerCache
}
