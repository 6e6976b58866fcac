/** What this server is as an OAuth client of its members' servers: its id, which is the URL of its metadata, and the metadata. */
import type { OAuthClientMetadataInput } from '@atproto/oauth-client'
import { callbackPath, metadataPath } from '#src/gateway/members-elsewhere/members-elsewhere.ts'

/** Nothing but who the account is. */
const scope = 'atproto'

/**
 * A server on a developer's machine has no address that others could fetch metadata from. Its id has them in its query,
 * and the browser comes back to 127.0.0.1, the name that RFC 8252 demands (https://atproto.com/specs/oauth).
 */
export function clientMetadata({
  publicUrl,
  hostname,
}: {
  publicUrl: string
  hostname: string
}): OAuthClientMetadataInput {
  const shared = {
    scope,
    response_types: ['code' as const] as ['code'],
    grant_types: ['authorization_code' as const] as ['authorization_code'],
    token_endpoint_auth_method: 'none' as const,
    dpop_bound_access_tokens: true,
  }
  if (publicUrl.startsWith('https:')) {
    return {
      client_id: `${publicUrl}${metadataPath}`,
      client_name: hostname,
      client_uri: publicUrl as `https://${string}`,
      redirect_uris: [`${publicUrl}${callbackPath}` as `https://${string}`],
      application_type: 'web',
      ...shared,
    }
  }
  const redirect = `http://127.0.0.1:${new URL(publicUrl).port}${callbackPath}` as const
  const query = new URLSearchParams({ redirect_uri: redirect, scope })
  return {
    client_id: `http://localhost?${query}`,
    redirect_uris: [redirect],
    application_type: 'native',
    ...shared,
    grant_types: ['authorization_code', 'refresh_token'],
  }
}
