/** Who calls a method: the kinds of credentials, and what each proves. */
import type { ScopePermissions } from '@atproto/oauth-scopes'

/** Who calls, by the kind of credentials that a method asks for. */
export interface Callers {
  /** Nobody in particular; credentials are not looked at. */
  none: undefined
  /** An account, with an access token. */
  account: AccountCaller
  /** The same, but not with an app password that has no privileges. */
  'privileged account': AccountCaller
  /** The same, but with no app password at all. */
  'full account': AccountCaller
  /** As `account` and `full account`, and also the narrow session of an account that was taken down. */
  'account or takendown': AccountCaller
  'full account or takendown': AccountCaller
  /** As `account`, and also one that waits in a queue of new accounts. */
  'account or queued': AccountCaller
  /** As `account`, and also an account with a service token that names the method. */
  'account or service': { did: string }
  /** Nobody, or a DID of anywhere with a service token: an account that wants to come here. */
  arrival: { did: string } | undefined
  /** An account, with its refresh token. */
  refresh: RefreshCaller
  /** The same, although the token may have expired. */
  'expired refresh': RefreshCaller
  /** Anybody; but the account itself and the admin see more. */
  reader: AccountCaller | AdminCaller | undefined
  /** The same, and the account may have been taken down. */
  'reader or takendown': AccountCaller | AdminCaller | undefined
  admin: AdminCaller
  /** The admin, or the moderation service of this server with a token of its own. */
  moderator: AdminCaller | ModerationCaller
  /** As `account or takendown`, or the moderation service. */
  'preferences reader': AccountCaller | ModerationCaller
}

export interface AccountCaller {
  did: string
  /** The token's, for example `com.atproto.access`; `oauth` for an app that its owner allowed something. */
  scope: string
  /** What the app is allowed; undefined for a session, which is the owner's own. */
  permissions?: Permissions
}

/** What an app may do; each throws ScopeMissingError where it may not. */
export type Permissions = Pick<
  ScopePermissions,
  'allowsAccount' | 'assertAccount' | 'assertIdentity' | 'assertBlob' | 'assertRepo' | 'assertRpc'
>

/** An app with a token of its own. */
export type AppCaller = AccountCaller & { permissions: Permissions }

/** A request as credentials are checked against it. */
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
  /** The issuer of its token: a DID, or one with `#atproto_labeler`. */
  moderationService: string
}

/** `nsid` is the method that is called: service tokens name it. Only what must be looked up makes it wait. */
export type Authenticate = (
  kind: keyof Callers,
  header: string | undefined,
  nsid: string,
  request?: AuthRequest,
) => Callers[keyof Callers] | Promise<Callers[keyof Callers]>

/**
 * - `any`: every app that its owner signed in to.
 * - `rpc`: one that may call this method of the service that it goes to.
 * - or what throws ScopeMissingError, or another refusal, where the app may not.
 */
export type OAuthScopeRule<Asked> =
  | 'any'
  | 'rpc'
  | ((permissions: Permissions, asked: Asked) => void)
