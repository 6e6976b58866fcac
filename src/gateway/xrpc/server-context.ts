/** What every method may use besides the account it is about: the server it is a method of. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { ClientAddress } from '#src/gateway/http/client-address.ts'
import type { Services } from '#src/gateway/proxy/services.ts'
import type { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'
import type { Crawlers } from '#src/gateway/workflows/crawlers.ts'
import type { CreatedAccount } from '#src/gateway/workflows/create-account.ts'
import type { HandleRules } from '#src/gateway/workflows/handle-rules.ts'
import type { MailSettings } from '#src/gateway/workflows/mails.ts'
import type { ServerIdentity } from '#src/gateway/workflows/open-identity.ts'
import type { Input } from '#src/gateway/xrpc/method-schema.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { HandleResolver } from '#src/ports/handle-resolver.ts'
import type { Mailer } from '#src/ports/mailer.ts'
import type { main as createAccount } from '#src/protocol/lexicons/com/atproto/server/createAccount.defs.ts'

export interface ServerContext {
  readonly dispatch: Dispatch
  readonly service: ServiceInfo
  readonly resolver: DidResolver
  /** Which handles this server gives: by its environment, and by what its admin said since. */
  handleRules(): Promise<HandleRules>
  /** Handles of the whole network, as their domains say. */
  readonly handles: HandleResolver
  /** What changes the names of accounts: the PLC directory, and the server's key for it. */
  readonly identity: ServerIdentity
  /** Resolves when a mail was handed over, or kept as a file. */
  readonly mailer: Mailer
  /** The same in the name of the moderators. */
  readonly moderationMailer: Mailer
  /** The relays that are told of what is new here. */
  readonly crawlers: Pick<Crawlers, 'notify' | 'request'>
  /** The address of a request's client, behind the proxies that are believed. */
  readonly addressOf: ClientAddress
  /** What is done behind an answer. */
  readonly backgroundTasks: BackgroundTasks
  /** The bytes of blobs; what there is of them, the accounts know. */
  readonly blobs: BlobStorage
  /** For addresses that strangers give: the one guard against private networks. */
  readonly fetch: typeof globalThis.fetch
  /** Other services, called in an account's name. */
  readonly services: Services
  /** com.atproto.server.createAccount. */
  createAccount(
    input: Input<typeof createAccount>,
    requester: string | undefined,
  ): Promise<CreatedAccount>
  /** com.atproto.server.reserveSigningKey. */
  reserveSigningKey(input: { did?: string }): Promise<{ signingKey: string }>
  /** Makes an account active whose DID points here, as `workflows/activate.ts` says. */
  activateAccount(did: string): Promise<void>
  /** Gives an account another signing key, as `workflows/rotate-signing-key.ts` says. */
  rotateSigningKey(input: { did: string; signingKey: string }): Promise<void>
  /** Deletes an account, as `workflows/delete-account.ts` says. */
  deleteAccount(did: string): Promise<void>
}

/** What the server tells of itself. */
export interface ServiceInfo {
  readonly did: string
  readonly hostname: string
  /** Where clients reach it, without a trailing slash. */
  readonly publicUrl: string
  readonly version: string
  /** Each with its leading dot. */
  readonly handleDomains: readonly string[]
  readonly inviteRequired: boolean
  /** How often an account earns an invite code, in ms, and since when, in ms since 1970; undefined for never. */
  readonly routineInvites: { readonly intervalMs: number; readonly epochMs: number } | undefined
  readonly mail: MailSettings
  /** Bytes. */
  readonly blobUploadLimit: number
  /** Whether repos may be brought here, and up to how many bytes. */
  readonly imports: { readonly accepted: boolean; readonly maxBytes: number }
  readonly privacyPolicyUrl: string | undefined
  readonly termsOfServiceUrl: string | undefined
  readonly contactEmail: string | undefined
}
