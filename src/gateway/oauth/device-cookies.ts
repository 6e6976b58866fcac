/** Signs an account in on a browser for apps, as the stock sign-in page does: the provider's device, and its cookies. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'

/** Gives the cookies that the browser must be sent, as Set-Cookie headers have them. */
export async function signInDevice(
  provider: OAuthProvider,
  request: IncomingMessage,
  did: string,
): Promise<string[]> {
  const { response, cookies } = cookieJar()
  // A fresh session id: whoever planted a cookie before the sign-in gains nothing.
  const { deviceId } = await provider.deviceManager.load(request, response, true)
  await provider.accountManager.upsertDeviceAccount(deviceId, did as `did:plc:${string}`)
  return cookies()
}

/** Stands in for a response of which only the cookies are wanted: ours is made by Hono. */
function cookieJar(): { response: ServerResponse; cookies(): string[] } {
  const headers = new Map<string, string[]>()
  const put = (name: string, value: number | string | readonly string[]) => {
    headers.set(name.toLowerCase(), [value].flat().map(String))
  }
  const response = {
    getHeader: (name: string) => headers.get(name.toLowerCase()),
    setHeader: put,
    appendHeader: (name: string, value: string | readonly string[]) =>
      put(name, [...(headers.get(name.toLowerCase()) ?? []), ...[value].flat()]),
  }
  return {
    response: response as unknown as ServerResponse,
    cookies: () => headers.get('set-cookie') ?? [],
  }
}
