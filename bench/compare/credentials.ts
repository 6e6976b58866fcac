/** Credentials of every kind, valid and invalid, as Authorization headers. */
import type { Account } from './account.ts'
import type { ExternalAccount } from './external-account.ts'
import type { RecordingClient } from './recording-client.ts'
import { adminAuthorization } from './services.ts'
import { hour, signedToken } from './signed-token.ts'

/**
 * The Authorization header by kind of credentials; undefined is none. `lxm` is the method that is called.
 */
export type Credentials = Record<string, (lxm: string) => string | undefined>

/** Credentials of `account`, of an external account with its own DID, and invalid ones. */
export async function credentialsOf(
  client: RecordingClient,
  account: Account,
  external: ExternalAccount,
): Promise<Credentials> {
  const appPassword = await appSession(client, account, 'plain', false)
  const privileged = await appSession(client, account, 'privileged', true)
  const sub = account.did
  const scope = 'com.atproto.access'
  const past = Math.floor(Date.now() / 1000) - 2 * hour
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
  return {
    'no credentials': () => undefined,
    'an empty header': () => '',
    'an unknown scheme': () => 'Digest abc',
    'Bearer without a token': () => 'Bearer',
    'not a JWT': () => 'Bearer abc',
    'half a JWT': () => 'Bearer eyJhbGciOiJIUzI1NiJ9.e30',
    'a DPoP token': () => account.access.replace('Bearer', 'DPoP'),
    'access token': () => account.access,
    'refresh token': () => account.refresh,
    'app password': () => appPassword,
    'privileged app password': () => privileged,
    'an expired token': () => signedToken({ scope, sub, iat: past - hour, exp: past }),
    'a token signed by another': () => signedToken({ scope, sub }, { secret: 'x'.repeat(32) }),
    'a token for another service': () => signedToken({ scope, sub, aud: 'did:web:example.com' }),
    'a token with an unknown scope': () => signedToken({ scope: 'com.example.scope', sub }),
    'a token of a takendown account': () => signedToken({ scope: 'com.atproto.takendown', sub }),
    'a token in the signup queue': () => signedToken({ scope: 'com.atproto.signupQueued', sub }),
    'a token with lxm': (lxm) => signedToken({ scope, sub, lxm }),
    'a token of an unknown account': () => signedToken({ scope, sub: `did:plc:${'a'.repeat(24)}` }),
    'service token': (lxm) => external.serviceToken({ lxm }),
    'service token for another method': () => external.serviceToken({ lxm: 'com.example.other' }),
    'service token for another service': (lxm) =>
      external.serviceToken({ lxm, aud: 'did:web:example.com' }),
    'expired service token': (lxm) => external.serviceToken({ lxm, exp: past }),
    'service token without lxm': () => external.serviceToken({}),
    admin: () => adminAuthorization,
    'a wrong admin password': () => basic('admin:wrong'),
    'an admin of another name': () =>
      adminAuthorization.replace(/ .*/, ` ${btoa('root:the-admin-of-both')}`),
  }
}

async function appSession(
  client: RecordingClient,
  account: Account,
  name: string,
  privileged: boolean,
) {
  const created = await client.prepare('com.atproto.server.createAppPassword', {
    as: account.access,
    body: { name, privileged },
  })
  const session = await client.prepare('com.atproto.server.createSession', {
    body: { identifier: account.did, password: created.body.password },
  })
  return `Bearer ${session.body.accessJwt}`
}
