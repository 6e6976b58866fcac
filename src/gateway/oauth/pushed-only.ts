/**
 * Limits the authorization page to pushed requests (PAR). The provider would accept parameters in the page's URL, and
 * redirect errors to any redirect_uri there, registered or not.
 */
import { MAX_CLIENT_ID_LENGTH } from '#src/gateway/oauth/request-bounds.ts'
import { authorizePath, stateParams } from '#src/gateway/pages/sign-in/paths.ts'

/** `redirect-test` is the provider's own, to find out whether the browser keeps cookies; the last ones are our page's. */
const allowedParams = ['client_id', 'request_uri', 'redirect-test', ...stateParams]

export function dropUnpushedParams(url: string): string {
  const [path, query = ''] = url.split(/\?(.*)/s)
  if (path !== authorizePath) return url
  const params = new URLSearchParams(query)
  const kept = allowedParams.flatMap((name): [string, string][] => {
    const value = params.get(name)
    return value === null || value.length > MAX_CLIENT_ID_LENGTH ? [] : [[name, value]]
  })
  return `${authorizePath}?${new URLSearchParams(kept)}`
}
