/**
 * The names of this server's own lexicons. They stand under one authority, which is written here and in the documents in
 * `lexicons/`; until a domain is registered for it, only the server itself resolves them.
 */

const AUTHORITY = 'dev.headwater'

const name = <N extends string>(last: N) => `${AUTHORITY}.realtime.${last}` as const

export const SUBSCRIBE = name('subscribe')
export const PUBLISH = name('publish')
export const CHANNEL = name('channel')
/** Only a scope. */
export const WATCH_SECURITY = name('watchSecurity')

/** What a member of a group reads its other members with. */
export const LIST_MEMBERS = `${AUTHORITY}.group.listMembers`

export const SUBSCRIBE_PATH = `/xrpc/${SUBSCRIBE}` as const

/** Of `rpc:` scopes for these methods. */
export function realtimeAudience(serviceDid: string): string {
  return `${serviceDid}#realtime`
}
