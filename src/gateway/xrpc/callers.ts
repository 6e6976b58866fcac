/** The kinds of credentials that methods require, and the caller that each identifies. */
import type { ScopePermissions } from '@atproto/oauth-scopes'
import type { ActingMember } from '#src/rules/acting-member.ts'
import type { Tenant, TenantAuthority } from '#src/rules/tenants.ts'

export interface Callers {
  /** Unauthenticated: credentials are ignored. */
  none: undefined
  /** An access token, also that of an app password. */
  account: AccountCaller
  /** As `account`, but not an unprivileged app password. */
  'privileged account': AccountCaller
  /** As `account`, but no app password. */
  'full account': AccountCaller
  /** As `account`, and also the limited session of an account that was taken down. */
  'account or takendown': AccountCaller
  'full account or takendown': AccountCaller
  /** As `account`, and also an account that waits in the sign-up queue. */
  'account or queued': AccountCaller
  /** As `account`, or a service token issued by the account for this method. */
  'account or service': { did: string }
  /** Unauthenticated, the admin, or a service token of any DID: an account that migrates to this server. */
  'service, admin or none': { did: string } | AdminCaller | undefined
  refresh: RefreshCaller
  'expired refresh': RefreshCaller
  /** Unauthenticated, an access token or the admin: the account itself and the admin see more. */
  reader: AccountCaller | AdminCaller | undefined
  /** As `reader`, and also the limited session of an account that was taken down. */
  'reader or takendown': AccountCaller | AdminCaller | undefined
  admin: AdminCaller
  /** Unauthenticated, or the admin; other kinds of credentials are ignored. */
  'admin or none': AdminCaller | undefined
  /** The admin, or a service token of this server's moderation service. */
  moderator: AdminCaller | ModerationCaller
  /** As `account or takendown`, or the moderation service. */
  'preferences reader': AccountCaller | ModerationCaller
  /** Who calls a method about groups: an account of this server, or the issuer of a service token for this method. */
  principal: PrincipalCaller
  /** As `principal`, but not with an app password. */
  'full principal': PrincipalCaller
  /** A platform: a service token of its DID or of an admin for this method, an API key, or the server's operator. */
  tenant: TenantCaller
  /** As `tenant`; or the admin, who names no tenant. */
  'admin or tenant': AdminCaller | TenantCaller
}

export interface TenantCaller {
  tenant: CallingTenant
}

/** As it was two seconds ago at most. */
export interface CallingTenant extends Tenant {
  /** A DID, the prefix of an API key, or `operator`. */
  by: string
  authorities: readonly TenantAuthority[]
  /** Addresses and ranges that an API key may be used from; absent or empty for all. */
  addresses?: readonly string[]
}

/** With `act-as` or in a member's session, `did` is the member's, and `group` the account that it acts as. */
export interface PrincipalCaller {
  did: string
  /** As `AccountCaller`; `service` for a service token. */
  scope: string
  permissions?: Permissions
  scopes?: string
  clientId?: string
  /** Of a session token. */
  sessionId?: string
  group?: string
}

export interface AccountCaller {
  did: string
  /** The session token's scope, for example `com.atproto.access`; `oauth` for an OAuth token. */
  scope: string
  /** The OAuth token's permissions; undefined for a session token. */
  permissions?: Permissions
  /**
   * The subject of the private events of this session or, for OAuth, of its grant (docs/design/private-events.md). Absent
   * for session tokens of releases before 5.
   */
  sessionId?: string
  /** The app that an OAuth token was issued to. */
  clientId?: string
  /** The subject of the private events of the app password that the session was begun with, if it was. */
  appPassword?: string
  /** The scopes that these come from, separated by spaces. */
  scopes?: string
  /** The end of the token. */
  expiresAt?: number
  /**
   * The member that acts as the account, a group. Then the permissions are those of its role; with an OAuth token, what
   * both it and the role allow, and `scopes` are those of the token.
   */
  actingMember?: MemberCaller
}

export type MemberCaller = Pick<ActingMember, 'did' | 'role' | 'revision' | 'client'>

/** Permissions from OAuth scopes. Each `assert` method throws ScopeMissingError. */
export type Permissions = Pick<
  ScopePermissions,
  'allowsAccount' | 'assertAccount' | 'assertIdentity' | 'assertBlob' | 'assertRepo' | 'assertRpc'
>

export type AppCaller = AccountCaller & { permissions: Permissions }

/** The parts of a request that a DPoP proof is verified against. */
export interface AuthRequest {
  readonly method: string
  readonly url: string
  header(name: string): string | undefined
}

export interface RefreshCaller {
  did: string
  tokenId: string
}

export interface AdminCaller {
  admin: true
}

export interface ModerationCaller {
  /** The issuer of the token: a DID, or a DID with `#atproto_labeler`. */
  moderationService: string
}

/** `nsid` is the method that is called, which a service token must name. */
export type Authenticate = (
  kind: keyof Callers,
  header: string | undefined,
  nsid: string,
  request?: AuthRequest,
) => Promise<Callers[keyof Callers]>

/**
 * What an OAuth token must allow:
 * - `any`: nothing in particular.
 * - `rpc`: calling this method of the service that the call is proxied to.
 * - a function: throws ScopeMissingError or another error if the call is not allowed.
 */
export type OAuthScopeRule<Call> = 'any' | 'rpc' | ((permissions: Permissions, call: Call) => void)
