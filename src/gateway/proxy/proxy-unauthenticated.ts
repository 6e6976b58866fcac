/** Proxies a read without a service token. */
import type { RawResponse } from '#src/gateway/http/response.ts'
import { forwardedHeaders } from '#src/gateway/proxy/forwarded-headers.ts'
import { passThroughResponse } from '#src/gateway/proxy/pass-through.ts'
import { pathOf, type Services } from '#src/gateway/proxy/services.ts'

/** Calls the AppView or the service in `atproto-proxy`. Undefined if no AppView is configured. */
export async function proxyUnauthenticated(
  services: Services,
  nsid: string,
  request: Request,
): Promise<RawResponse | undefined> {
  if (services.appView === undefined) return undefined
  const { headers, method, signal } = request
  const target = await services.findTarget(nsid, headers.get('atproto-proxy') ?? undefined)
  const response = await services.send(
    {
      method: method === 'HEAD' ? 'HEAD' : 'GET',
      origin: target.url,
      path: pathOf(request),
      headers: {
        ...forwardedHeaders(headers),
        'accept-encoding': headers.get('accept-encoding') ?? 'identity',
      },
      signal,
    },
    undefined,
  )
  return passThroughResponse(response)
}
