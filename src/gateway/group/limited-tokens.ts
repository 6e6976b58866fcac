/**
 * Service tokens for this server itself: with one a member acts as its groups, so an app that gets one for its account
 * must not get more by it than it has.
 */
import { ScopePermissions } from '@atproto/oauth-scopes'
import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import { accessScope } from '#src/rules/session-tokens.ts'

export function isOf(did: string, aud: string): boolean {
  return aud === did || aud.startsWith(`${did}#`)
}

/**
 * An app password, or an app that has no scope for this method: `transition:generic` stands for an app password. And a
 * member, which is not the group.
 */
export function isLimited(
  { scope, scopes, permissions, actingMember }: AccountCaller,
  { aud, lxm = '*' }: { aud: string; lxm: string | undefined },
): boolean {
  if (actingMember !== undefined) return true
  if (permissions === undefined) return scope !== accessScope
  return !new ScopePermissions(scopes ?? '').allowsRpc({ aud, lxm })
}
