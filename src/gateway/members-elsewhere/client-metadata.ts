/** The client metadata of this server as an OAuth client of its members' servers. Its id is the URL of the metadata. */
import type { OAuthClientMetadataInput } from '@atproto/oauth-client'
import { callbackPath, metadataPath } from '#src/gateway/members-elsewhere/members-elsewhere.ts'

/** Allows nothing but the DID of the account. */
const scope = 'atproto'

/**
 * Other servers cannot fetch metadata from a developer's machine. So its client id has them in its query, and the browser
 * comes back to 127.0.0.1, as RFC 8252 demands (https://atproto.com/specs/oauth).
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
