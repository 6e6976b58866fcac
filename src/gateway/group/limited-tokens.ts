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
 * Whether the caller has an app password, is an app without a scope for this method (`transition:generic` counts as an app
 * password), or is a member, which is not the group itself.
 */
export function isLimited(
  { scope, scopes, permissions, actingMember }: AccountCaller,
  { aud, lxm = '*' }: { aud: string; lxm: string | undefined },
): boolean {
  if (actingMember !== undefined) return true
  if (permissions === undefined) return scope !== accessScope
  return !new ScopePermissions(scopes ?? '').allowsRpc({ aud, lxm })
}
