/** Whom tokens and scopes for methods about groups name: this server, as the service of its groups. */

/** As `aud` of `rpc:` scopes, which demand a fragment. Service tokens may also name the server without it. */
export function groupAudience(serviceDid: string): string {
  return `${serviceDid}#group`
}
