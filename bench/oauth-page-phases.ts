/** Measures the time to first byte of the authorization server's pages. */
import { type Measurement, timeMeasurement } from './measure.ts'
import { issuerOf, newOAuthClient } from './oauth-client.ts'
import type { Phase } from './phases.ts'
import { assertAnswer } from './server-under-test.ts'
import type { Server } from './servers.ts'
import { XrpcClient } from './xrpc-client.ts'

const name = 'OAuth pages'

/** The headers of a browser that follows a link. */
const navigation = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'none',
}

/** Each page is opened without cookies; its request was pushed before. */
export const oauthPages: Phase = {
  name,
  run: async ({ server }, ms) => {
    const client = pageClient(server)
    const beginSignIn = authorizationRequestsTo(server)
    const signIn: number[] = []
    const account: number[] = []
    const start = performance.now()
    while (performance.now() - start < ms) {
      signIn.push(await firstByte(client, await beginSignIn()))
      account.push(await firstByte(client, '/account'))
    }
    await client.close()
    return [
      timeMeasurement('OAuth sign-in page, first byte', signIn),
      timeMeasurement('OAuth account page, first byte', account),
    ]
  },
}

/** The same for a server that was just started. */
export const firstOauthPages = {
  name,
  run: async (server: Server): Promise<Measurement[]> => {
    const client = pageClient(server)
    const start = performance.now()
    const page = await authorizationRequestsTo(server)()
    const pushed = performance.now() - start
    const figures = [
      timeMeasurement('OAuth, the first request pushed after the start', [pushed]),
      timeMeasurement('OAuth sign-in page, the first one', [await firstByte(client, page)]),
      timeMeasurement('OAuth account page, the first one', [await firstByte(client, '/account')]),
    ]
    await client.close()
    return figures
  },
}

/** Pages open only at the server's public URL. */
function pageClient(server: Server): XrpcClient {
  return new XrpcClient(issuerOf(server))
}

/** Pushes an authorization request; returns the path of its page. */
function authorizationRequestsTo(server: Server): () => Promise<string> {
  const { client } = newOAuthClient(server)
  return async () => {
    const { pathname, search } = await client.authorize(issuerOf(server))
    return pathname + search
  }
}

async function firstByte(client: XrpcClient, path: string): Promise<number> {
  const page = await client.fetch(path, navigation)
  assertAnswer(page.bytes > 500, path)
  return page.firstByte
}
