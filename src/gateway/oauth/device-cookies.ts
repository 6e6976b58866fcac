/** Signs an account in for OAuth on a browser, as the stock sign-in page does: the provider's device and its cookies. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'

export async function signInDevice(
  provider: OAuthProvider,
  request: IncomingMessage,
  did: string,
): Promise<string[]> {
  const { response, cookies } = cookieJar()
  // A new session id, against session fixation.
  const { deviceId } = await provider.deviceManager.load(request, response, true)
  await provider.accountManager.upsertDeviceAccount(deviceId, did as `did:plc:${string}`)
  return cookies()
}

/** A stub response that collects cookies: the real response is made by Hono. */
function cookieJar(): { response: ServerResponse; cookies(): string[] } {
  const headers = new Map<string, string[]>()
  const setHeader = (name: string, value: number | string | readonly string[]) => {
    headers.set(name.toLowerCase(), [value].flat().map(String))
  }
  const response = {
    getHeader: (name: string) => headers.get(name.toLowerCase()),
    setHeader,
    appendHeader: (name: string, value: string | readonly string[]) =>
      setHeader(name, [...(headers.get(name.toLowerCase()) ?? []), ...[value].flat()]),
  }
  return {
    response: response as unknown as ServerResponse,
    cookies: () => headers.get('set-cookie') ?? [],
  }
}
