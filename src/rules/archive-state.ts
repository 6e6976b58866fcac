/** The state that gateways and accounts pass to each other when an account is archived or restored. */

/** What it is sealed with by the keychain: not that of any secret at rest. */
export function archiveStateContext(did: string): string {
  return `${did} archive`
}
