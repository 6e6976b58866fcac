/** The server as methods, pages and workflows use it: dispatch, settings, other services, and the workflows themselves. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import type { Archives } from '#src/gateway/archives/open-archives.ts'
import type { Crawlers } from '#src/gateway/crawlers.ts'
import type { FindClientAddress, FindRequestedHost } from '#src/gateway/http/client-address.ts'
import type { HandleRules } from '#src/gateway/identity/handle-rules.ts'
import type { MovedAccounts } from '#src/gateway/identity/moved-accounts.ts'
import type { ServerIdentity } from '#src/gateway/identity/open-identity.ts'
import type { MailSettings } from '#src/gateway/mails.ts'
import type { Provisioning } from '#src/gateway/provisioning/open-provisioning.ts'
import type { Services } from '#src/gateway/proxy/services.ts'
import type { RelayView } from '#src/gateway/relays/relay-view.ts'
import type { FindTenantBrand } from '#src/gateway/tenants/brand.ts'
import type { BackgroundTasks } from '#src/gateway/workflows/background-tasks.ts'
import type { CreatedAccount, NewGroup } from '#src/gateway/workflows/create-account.ts'
import type { CreateAccountInput } from '#src/gateway/workflows/create-account-input.ts'
import type { Callers } from '#src/gateway/xrpc/callers.ts'
import type { FailedSignIns } from '#src/gateway/xrpc/failed-sign-ins.ts'
import type { Input } from '#src/gateway/xrpc/method-schema.ts'
import type { SignUpBounds } from '#src/gateway/xrpc/sign-ups.ts'
import type { BlobStorage } from '#src/ports/blob-storage.ts'
import type { DidResolver } from '#src/ports/did-resolver.ts'
import type { HandleResolver } from '#src/ports/handle-resolver.ts'
import type { Mailer } from '#src/ports/mailer.ts'
import type { main as createAccount } from '#src/protocol/lexicons/com/atproto/server/createAccount.defs.ts'
import type { ActingMember } from '#src/rules/acting-member.ts'

export interface ServerContext {
  readonly dispatch: Dispatch
  readonly service: ServiceInfo
  readonly resolver: DidResolver
  handleRules(): Promise<HandleRules>
  /** Resolves handles of other servers by DNS and HTTPS. */
  readonly handles: HandleResolver
  readonly identity: ServerIdentity
  readonly mailer: Mailer
  readonly moderationMailer: Mailer
  readonly movedAccounts: Pick<MovedAccounts, 'mustBeHere' | 'forget'>
  readonly crawlers: Pick<Crawlers, 'notify' | 'request'>
  readonly relays: Pick<RelayView, 'relays' | 'hostStatus' | 'rows' | 'setLimit'>
  readonly addressOf: FindClientAddress
  readonly requestedHost: FindRequestedHost
  readonly failedSignIns: FailedSignIns
  readonly backgroundTasks: BackgroundTasks
  readonly tenantBrand: FindTenantBrand
  readonly blobs: BlobStorage
  readonly archives: Archives
  /** For URLs from outside: refuses private networks (SSRF). */
  readonly fetch: typeof globalThis.fetch
  readonly services: Services
  createAccount(
    input: Input<typeof createAccount>,
    requester: Callers['service, admin or none'],
    /** Without it, the account does not count against the bounds of sign-ups. */
    address?: string,
  ): Promise<CreatedAccount>
  createGroup(
    input: Pick<CreateAccountInput, 'handle' | 'email' | 'recoveryKey'>,
    newGroup: NewGroup,
    /** As for `createAccount`. */
    address?: string,
  ): Promise<{ did: string; handle: string }>
  /** Of the accounts of tenants. */
  readonly provisioning: Provisioning
  reserveSigningKey(input: { did?: string; isAdmin?: boolean }): Promise<{ signingKey: string }>
  activateAccount(did: string, by?: ActingMember): Promise<void>
  rotateSigningKey(input: { did: string; signingKey: string }): Promise<void>
  deleteAccount(did: string): Promise<void>
}

export interface ServiceInfo {
  readonly did: string
  readonly hostname: string
  /** Without a trailing slash. */
  readonly publicUrl: string
  readonly version: string
  /** Each with its leading dot. */
  readonly handleDomains: readonly string[]
  readonly inviteRequired: boolean
  readonly signUps: SignUpBounds
  /** Accounts get an invite code every `intervalMs`, counted from `epochMs` (ms since 1970); undefined for never. */
  readonly routineInvites: { readonly intervalMs: number; readonly epochMs: number } | undefined
  readonly mail: MailSettings
  /** Bytes. */
  readonly blobUploadLimit: number
  /** That an account may own. */
  readonly maxGroups: number
  readonly imports: { readonly accepted: boolean; readonly maxBytes: number }
  readonly privacyPolicyUrl: string | undefined
  readonly termsOfServiceUrl: string | undefined
  readonly contactEmail: string | undefined
}
