/** Signs an account in for OAuth on a browser, as the library does: the provider's device and its cookies. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OAuthProvider } from '@atproto/oauth-provider/provider'
import { parse } from 'hono/utils/cookie'

/** The provider's device for the browser, and the Set-Cookie values for it. */
export async function loadDevice(
  provider: OAuthProvider,
  request: IncomingMessage,
): Promise<{ deviceId: `dev-${string}`; cookies: string[] }> {
  const { response, cookies } = cookieJar()
  // A new session id, against session fixation.
  const { deviceId } = await provider.deviceManager.load(request, response, true)
  return { deviceId, cookies: cookies() }
}

/** The device that the browser's cookies prove. Unlike `loadDevice`, it changes nothing. */
export async function knownDevice(
  readDevice: (id: string) => Promise<{ sessionId: string } | null>,
  { headers }: Pick<IncomingMessage, 'headers'>,
): Promise<`dev-${string}` | undefined> {
  const cookies = parse(headers.cookie ?? '')
  const { 'dev-id': deviceId = '', 'ses-id': sessionId } = cookies
  if (!isDeviceId(deviceId) || sessionId === undefined) return undefined
  const device = await readDevice(deviceId)
  return device?.sessionId === sessionId ? deviceId : undefined
}

function isDeviceId(text: string): text is `dev-${string}` {
  return /^dev-[0-9a-f]{32}$/.test(text)
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
