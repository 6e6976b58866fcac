/** Plain routes, unknown paths, and compressed answers. */
import { accountInState, createAccount } from '../accounts.ts'
import type { Scenario } from '../scenario.ts'

const paths = [
  '/',
  '/robots.txt',
  '/xrpc/_health',
  '/.well-known/did.json',
  '/.well-known/atproto-did',
  '/tls-check',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-authorization-server',
  '/oauth/jwks',
  '/.well-known/change-password',
  '/favicon.ico',
  '/nothing',
  '/xrpc',
  '/xrpc/',
  '/xrpc/nothing',
  '/xrpc/a/b',
  '/xrpc/com.atproto.server.describeServer/',
  '/xrpc/com.atproto.server.describeServer/more',
  '/xrpc/com..x',
  '/xrpc/%00',
  '/xrpc/COM.ATPROTO.SERVER.DESCRIBESERVER',
  '/oauth/par',
  '/oauth/token',
  '/oauth/revoke',
]

export const routes: Scenario = {
  name: 'routes',
  environment: 'alone',
  async run(client) {
    const account = await createAccount(client, 'routed')
    const asleep = await accountInState(client, 'deactivated', 'unrouted')
    for (const path of paths) {
      for (const verb of ['GET', 'POST', 'OPTIONS', 'HEAD', 'DELETE']) {
        if (verb === 'OPTIONS')
          await client.call(verb, path, {
            verb,
            headers: {
              origin: 'https://example.com',
              'access-control-request-method': 'POST',
              'access-control-request-headers': 'authorization,x-a',
            },
          })
        else await client.call(verb, path, { verb })
      }
    }
    for (const host of [
      account.handle,
      asleep.handle,
      'nobody.test',
      'localhost',
      'a.b.test',
      'example.com',
    ]) {
      await client.call(`at ${host}`, '/.well-known/atproto-did', { headers: { host } })
      await client.call(`of ${host}`, '/tls-check', { query: { domain: host } })
    }
    const describe = 'com.atproto.server.describeServer'
    for (const encoding of ['gzip', 'br', 'deflate', 'identity', '*']) {
      await client.call(`accepts ${encoding}`, describe, {
        headers: { 'accept-encoding': encoding },
      })
    }
    await client.call('with an origin', describe, { headers: { origin: 'https://example.com' } })
    await client.call('__proto__', describe, { query: '__proto__=1' })
  },
}
