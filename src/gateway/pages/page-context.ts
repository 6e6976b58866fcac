/** The dependencies of the pages. */
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import type { MembersElsewhere } from '#src/gateway/members-elsewhere/members-elsewhere.ts'
import type { Migrations } from '#src/gateway/migrations/open-migrations.ts'
import type { AuthorizationPage } from '#src/gateway/oauth/authorization-page.ts'
import type { GroupSignIn } from '#src/gateway/oauth/group-sign-in.ts'
import type { PageStreams } from '#src/gateway/pages/live/page-streams.ts'
import type { PageToken } from '#src/gateway/pages/page-session.ts'
import type { Branding } from '#src/gateway/pages/style.ts'
import type { FindAccount } from '#src/gateway/xrpc/find-account.ts'
import type { RateLimits } from '#src/gateway/xrpc/rate-limits.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface PageContext {
  server: Pick<
    ServerContext,
    | 'dispatch'
    | 'service'
    | 'mailer'
    | 'addressOf'
    | 'failedSignIns'
    | 'resolver'
    | 'tenantBrand'
    | 'identity'
    | 'handleRules'
    | 'blobs'
    | 'archives'
    | 'movedAccounts'
    | 'activateAccount'
    | 'deleteAccount'
  >
  findAccount: FindAccount
  rateLimits?: RateLimits | undefined
  bodyTimeoutMs: number
  /** Throws 503 if the disk is full. */
  mustHaveRoom?: (() => void) | undefined
  branding: Branding
  /** The secret of session tokens. */
  secret: Uint8Array
  clock: Clock
  log: Pick<Log, 'error'>
  groups: Pick<GroupSignIn, 'membersOn' | 'actAs'>
  migrations: Migrations
  /** Absent in some tests: then pages are not live. */
  live?: PageStreams | undefined
  /** The OAuth library behind the sign-in pages, once it is loaded. */
  authorizationPage(): Promise<AuthorizationPage>
  /** For members of groups whose home is another server; absent in some tests. */
  membersElsewhere?: MembersElsewhere | undefined
}

export interface Owner {
  account: RemoteAccount
  pageToken: PageToken
  name: string
}
