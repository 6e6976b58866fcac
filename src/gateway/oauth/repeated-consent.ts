/** Answers a repeated consent, such as a double click or a retry after a lost answer, with the code that was issued. */
import { createHmac } from 'node:crypto'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import type { RequestData, RequestStore } from '@atproto/oauth-provider/store'

type RequestManager = OAuthProvider['requestManager']
type Code = NonNullable<RequestData['code']>
type RequestId = Parameters<RequestStore['readRequest']>[0]
/** The one code of a request that this account authorizes. */
export type CodeOf = (requestId: string, did: string) => Code

const requestUriPrefix = 'urn:ietf:params:oauth:request_uri:'

/**
 * Codes that every gateway can derive, so that none has to be stored. They are as long as the library's, and unknown to
 * whoever does not have `secret`.
 */
export function derivedCodes(secret: Uint8Array): CodeOf {
  return (requestId, did) => {
    const name = `headwater authorization code\n${requestId}\n${did}`
    return `cod-${createHmac('sha256', secret).update(name).digest('hex')}` as Code
  }
}

/**
 * Changes the library's request manager: it refuses and deletes a request that has a code. `store` must store the code
 * of `codeOf` instead of the random one that the library gives it.
 */
export function repeatConsents(
  manager: RequestManager,
  store: Pick<RequestStore, 'readRequest'>,
  codeOf: CodeOf,
): void {
  const get = manager.get.bind(manager)
  const setAuthorized = manager.setAuthorized.bind(manager)

  /** The request, if it has a code that this browser's user can still pass to the app. */
  async function authorized(requestUri: string, deviceId: string | undefined) {
    const id = requestIdOf(requestUri)
    const found = await store.readRequest(id)
    if (!found?.code || found.did === null || found.deviceId !== deviceId) return undefined
    return found.expiresAt.getTime() > Date.now() ? found : undefined
  }

  manager.get = async (requestUri, deviceId, clientId) => {
    // The page itself, which names its client, is not shown again.
    const found = clientId === undefined ? await authorized(requestUri, deviceId) : undefined
    if (found === undefined) return get(requestUri, deviceId, clientId)
    const { parameters, expiresAt } = found
    return { requestUri, parameters, expiresAt, clientId: found.clientId }
  }

  manager.setAuthorized = async (requestUri, client, account, deviceId, ...more) => {
    const found = await authorized(requestUri, deviceId)
    const isRepeated = found?.did === account.did && !account.deactivated
    if (!isRepeated) await setAuthorized(requestUri, client, account, deviceId, ...more)
    return codeOf(requestIdOf(requestUri), account.did)
  }
}

/** The id of the request that a page is for; undefined if it names none. */
export function requestIdIn(requestUri: string | null): RequestId | undefined {
  if (!requestUri?.startsWith(requestUriPrefix)) return undefined
  return requestIdOf(requestUri)
}

function requestIdOf(requestUri: string): RequestId {
  return decodeURIComponent(requestUri.slice(requestUriPrefix.length)) as RequestId
}
