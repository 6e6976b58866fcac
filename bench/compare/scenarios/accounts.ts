/** com.atproto.server: accounts that are made, log in, and keep their sessions. */
import { createAccount, takeDown } from '../accounts.ts'
import type { CallOptions, RecordingClient } from '../recording-client.ts'
import type { Scenario } from '../scenario.ts'
import { signedToken } from '../signed-token.ts'

const method = 'com.atproto.server.createAccount'
const good = { handle: 'made.test', email: 'made@example.com', password: 'secret' }

export const creation: Scenario = {
  name: 'createAccount',
  environment: 'alone',
  async run(client) {
    const marker = await createAccount(client, 'marker-made')
    await client.subscribe(marker)
    const create = (what: string, more: object) =>
      client.call(what, method, { body: { ...good, ...more } })
    await create('no email', { email: undefined })
    await create('no password', { password: undefined })
    await create('a bad email', { email: 'not an address' })
    await create('a disposable email', { email: 'made@mailinator.com' })
    await create('a taken email', { email: 'marker-made@example.com' })
    await create('a taken email in capitals', { email: 'Marker-Made@Example.COM' })
    await create('a taken handle', { handle: 'marker-made.test' })
    await create('a taken handle in capitals', { handle: 'Marker-Made.TEST' })
    await create('a long password', { password: 'x'.repeat(257) })
    await create('an empty password', {
      password: '',
      handle: 'empty.test',
      email: 'empty@example.com',
    })
    await create('a plcOp', { plcOp: {} })
    await create('a did without a token', { did: `did:plc:${'a'.repeat(24)}` })
    await create('a bad did', { did: 'did:plc' })
    await create('a bad recovery key', { recoveryKey: 'did:key:none' })
    await create('an invite code that is not needed', {
      inviteCode: 'x',
      handle: 'invited.test',
      email: 'invited@example.com',
    })
    await client.skipEvents()
    for (const handle of handles)
      await create(`the handle ${handle}`, { handle, email: 'h@example.com' })
    await client.skipEvents()
    const { body } = await create('a good one', { handle: 'Made.test', email: 'Made@Example.com' })
    client.placeholders.set(body.did, '<made>')
    await client.events('a good one')
    const document = await fetch(`${client.plcUrl}/${body.did}/log/audit`).then((r) => r.json())
    client.record('its operation', document)
    await create('the same again', {})
    await client.call('what it made', 'com.atproto.server.getSession', {
      as: `Bearer ${body.accessJwt}`,
    })
    await client.call('what it made', 'com.atproto.repo.describeRepo', {
      query: { repo: body.did },
    })
    await client.call('what it made', 'com.atproto.sync.getRepo', { query: { did: body.did } })
  },
}

const handles = [
  'ab.test',
  'abc.test',
  'a.b.test',
  'a_b.test',
  '-ab.test',
  'ab-.test',
  `${'x'.repeat(18)}.test`,
  `${'x'.repeat(19)}.test`,
  'admin.test',
  'bsky.test',
  'www.test',
  'test',
  '.test',
  'abc.test.',
  'abc',
  'abc.example.com',
  'abc.local',
  'abc.onion',
  'abc.invalid',
  'localhost',
  'abc.localhost',
  'ünï.test',
  '1abc.test',
  'xn--abc.test',
  'nigger.test',
  `${'x'.repeat(250)}.test`,
]

export const logIn: Scenario = {
  name: 'sessions',
  environment: 'alone',
  async run(client) {
    const account = await createAccount(client, 'returner')
    const { did, handle, email, password } = account
    const session = (what: string, body: object) =>
      client.call(what, 'com.atproto.server.createSession', { body })
    for (const identifier of [
      did,
      handle,
      email,
      'RETURNER.test',
      'Returner@Example.com',
      `@${handle}`,
      `${handle} `,
    ]) {
      await session(`as ${identifier.replace(did, 'did')}`, { identifier, password })
    }
    await session('a wrong password', { identifier: handle, password: 'wrong' })
    await session('unknown account', { identifier: 'nobody.test', password })
    await session('an empty identifier', { identifier: '', password })
    await session('an empty password', { identifier: handle, password: '' })
    await session('512 letters', { identifier: handle, password: 'x'.repeat(512) })
    await session('513 letters', { identifier: handle, password: 'x'.repeat(513) })
    await session('a second factor', { identifier: handle, password, authFactorToken: 'x' })
    await session('allowTakendown', { identifier: handle, password, allowTakendown: true })
    await rotation(client, account)
    await takeDown(client, did, true)
    await session('after a takedown', { identifier: handle, password })
    await session('after a takedown, a wrong password', { identifier: handle, password: 'wrong' })
    const { body } = await session('after a takedown, narrow', {
      identifier: handle,
      password,
      allowTakendown: true,
    })
    const narrow = { as: `Bearer ${body.refreshJwt}`, verb: 'POST' }
    await client.call('narrow', 'com.atproto.server.refreshSession', narrow)
    await client.call('narrow', 'com.atproto.server.deleteSession', narrow)
    await client.call('narrow', 'com.atproto.server.getSession', {
      as: `Bearer ${body.accessJwt}`,
    })
    await takeDown(client, did, false)
    await client.call('the old session', 'com.atproto.server.refreshSession', {
      as: account.refresh,
      verb: 'POST',
    })
    await client.call('the old token', 'com.atproto.server.getSession', { as: account.access })
  },
}

async function rotation(
  client: RecordingClient,
  { did, access, refresh, handle, password }: Awaited<ReturnType<typeof createAccount>>,
) {
  const rotate = (what: string, as: string) =>
    client.call(what, 'com.atproto.server.refreshSession', {
      as,
      verb: 'POST',
    } satisfies CallOptions)
  const end = (what: string, as: string) =>
    client.call(what, 'com.atproto.server.deleteSession', {
      as,
      verb: 'POST',
    } satisfies CallOptions)
  const first = await rotate('the first time', refresh)
  const second = await rotate('again', refresh)
  client.record(
    'both lead to one session',
    jti(first.body.refreshJwt) === jti(second.body.refreshJwt),
  )
  await rotate('with an access token', access)
  const claims = { scope: 'com.atproto.refresh', sub: did, jti: 'never given' }
  await rotate('a token that was never given', signedToken(claims, { typ: 'refresh+jwt' }))
  await rotate('an expired one', signedToken({ ...claims, exp: 1000 }, { typ: 'refresh+jwt' }))
  await end('an expired one', signedToken({ ...claims, exp: 1000 }, { typ: 'refresh+jwt' }))
  await end('a token that was never given', signedToken(claims, { typ: 'refresh+jwt' }))
  await end('an access token', access)
  await end('the second', `Bearer ${second.body.refreshJwt}`)
  await end('the second again', `Bearer ${second.body.refreshJwt}`)
  await rotate('the second after its end', `Bearer ${second.body.refreshJwt}`)
  await rotate('the first after the end of the second', refresh)
  const body = { identifier: handle, password }
  const other = await client.prepare('com.atproto.server.createSession', { body })
  await rotate('another session', `Bearer ${other.body.refreshJwt}`)
}

function jti(token: string): unknown {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).jti
}
