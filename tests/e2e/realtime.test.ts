/** dev.headwater.realtime on a whole server. */
import { AtpAgent } from '@atproto/api'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { startOAuthServer } from '#tests/support/oauth-server.ts'
import { admin, bearer, realtimeCall, realtimeCallers } from '#tests/support/realtime-callers.ts'
import { type ClientOptions, RealtimeClient } from '#tests/support/realtime-client.ts'
import { createTestAccount } from '#tests/support/server.ts'

const oauth = await startOAuthServer({
  PDS_BSKY_APP_VIEW_URL: 'http://127.0.0.1:1',
  PDS_BSKY_APP_VIEW_DID: 'did:web:appview.example.com',
})
const { server, alice } = oauth
afterAll(() => server.remove())
const bob = await createTestAccount(server, 'bob')

const open: RealtimeClient[] = []
afterEach(() => {
  for (const client of open.splice(0)) client.close()
})

function connect(options: ClientOptions = {}): RealtimeClient {
  const client = new RealtimeClient(server.url, options)
  open.push(client)
  return client
}

async function live(options: ClientOptions): Promise<RealtimeClient> {
  const client = connect(options)
  await client.next('ready')
  return client
}

async function signedIn({
  handle,
  password,
}: {
  handle: string
  password: string
}): Promise<AtpAgent> {
  const agent = new AtpAgent({ service: server.url })
  await agent.login({ identifier: handle, password })
  return agent
}

const call = realtimeCall(server.url)

const ticketOf = async (as: string) => String((await call('createTicket', as, {})).body['ticket'])

const post = (agent: AtpAgent, text: string) =>
  agent.post({ text, createdAt: new Date().toISOString() })

describe('subscribe', () => {
  it('a session hears the commits of its account and what happens to its sessions', async () => {
    const client = await live({ as: bearer(alice.agent) })
    const { uri } = await post(alice.agent, 'hello')
    const commit = await client.next('commit')
    const [, , , collection, rkey] = uri.split('/')
    expect(commit).toMatchObject({
      ...{ did: alice.did, operation: 'create', collection, rkey },
      record: { text: 'hello' },
    })
    await signedIn(alice)
    expect(await client.next('session')).toMatchObject({ change: 'created', kind: 'password' })
    await client.next('security')
  })

  it('a cursor is exclusive, and counts for WebSockets, event streams and listEvents alike', async () => {
    const first = await live({ as: bearer(alice.agent), query: 'kinds=commit' })
    await post(alice.agent, 'one')
    const { seq } = await first.next('commit')
    await post(alice.agent, 'two')
    const again = await live({ as: bearer(alice.agent), query: `kinds=commit&cursor=${seq}` })
    expect(await again.next('commit')).toMatchObject({ record: { text: 'two' } })
    const { body } = await call(`listEvents?kinds=commit&cursor=${seq}`, bearer(alice.agent))
    expect(body).toMatchObject({ isComplete: true, events: [{ record: { text: 'two' } }] })
    const headers = {
      ...{ accept: 'text/event-stream', authorization: bearer(alice.agent) },
      // It counts before the cursor.
      'last-event-id': String(seq),
    }
    const path = `/xrpc/dev.headwater.realtime.subscribe?kinds=commit&cursor=1`
    const stream = await fetch(server.url + path, { headers })
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/)
    const reader = stream.body!.pipeThrough(new TextDecoderStream()).getReader()
    let text = ''
    while (!text.includes('event: ready')) text += (await reader.read()).value ?? ''
    await reader.cancel()
    expect(text.match(/^event: .*$/gm)).toEqual(['event: commit', 'event: ready'])
    expect(text).toContain('"text":"two"')
    expect(text).toMatch(/^id: \d{16}$/m)
  })

  it('one connection has several named subscriptions, and an event that two want comes once', async () => {
    const client = await live({
      as: bearer(alice.agent),
      query: 'kinds=commit&collections=a.b.none',
    })
    client.send('sub', { id: 'mine', kinds: ['commit'] })
    client.send('sub', { id: 'posts', kinds: ['commit'], collections: ['app.bsky.*'] })
    client.send('sub', { id: 'bob', did: bob.did })
    client.send('sub', { id: 'secrets', did: bob.did, kinds: ['session'] })
    expect(await client.next('refused')).toMatchObject({ id: 'secrets', error: 'ScopeMissing' })
    await client.next('ready', ({ ids }) => String(ids) === 'bob')
    await post(alice.agent, 'three')
    const { ids } = await client.next('commit')
    expect(ids).toEqual(['mine', 'posts'])
    await post(bob.agent, 'of bob')
    const other = await client.next('commit', ({ did }) => did === bob.did)
    expect(other['ids']).toEqual(['bob'])
    client.send('unsub', { id: 'bob' })
    await client.next('unsubscribed')
  })

  it.each([
    ['no credentials', {}, 'AuthRequired'],
    ['a token that is none', { as: 'Bearer nonsense' }, 'InvalidToken'],
    ['an unknown kind', { query: 'kinds=gossip' }, 'InvalidRequest'],
    ['a cursor in the future', { query: 'cursor=9000000000000000' }, 'FutureCursor'],
    [
      'a private kind of another account',
      { query: `dids=${bob.did}&kinds=session` },
      'ScopeMissing',
    ],
    [
      'an account of another server',
      { query: 'dids=did:plc:zzzzzzzzzzzzzzzzzzzzzzzz' },
      'AccountNotFound',
    ],
  ])('subscribe refuses %s after the upgrade', async (_, given: ClientOptions, error) => {
    const as = given.query === undefined ? given : { as: bearer(alice.agent), ...given }
    expect(await connect(as).refusal()).toEqual([error, 1008])
  })

  it('a connection ends with a message that is too long, binary, or no JSON', async () => {
    const [long, binary, bad] = await Promise.all(
      Array.from({ length: 3 }, () => live({ as: bearer(alice.agent) })),
    )
    long!.ws.send('x'.repeat(1_000_000))
    binary!.ws.send(Buffer.from('{}'))
    bad!.ws.send('{')
    expect((await long!.refusal())[1]).toBe(1009)
    expect(await binary!.refusal()).toEqual(['InvalidRequest', 1008])
    expect(await bad!.refusal()).toEqual(['InvalidRequest', 1008])
  })
})

describe('tickets', () => {
  it('a ticket opens one connection, by subprotocol or query, and no other', async () => {
    const ticket = await ticketOf(bearer(alice.agent))
    const client = await live({ ticket })
    expect(client.ws.protocol).toBe('xrpc.v1.json')
    expect(await connect({ ticket }).refusal()).toEqual(['InvalidTicket', 1008])
    const other = await ticketOf(bearer(alice.agent))
    await live({ query: `ticket=${other}` })
    // What an EventSource must be answered that tries again.
    const path = `/xrpc/dev.headwater.realtime.subscribe?ticket=${other}`
    const again = await fetch(server.url + path, { headers: { accept: 'text/event-stream' } })
    expect(again.status).toBe(204)
  })

  it('a connection is not renewed with a ticket of another account', async () => {
    const client = await live({ as: bearer(alice.agent) })
    client.send('auth', { ticket: await ticketOf(bearer(bob.agent)) })
    expect(await client.next('refused')).toMatchObject({ error: 'InvalidTicket' })
    client.send('auth', { ticket: await ticketOf(bearer(alice.agent)) })
    client.send('unsub', { id: 'none' })
    await client.next('unsubscribed')
    expect(client.messages.filter(({ type }) => type === 'refused')).toHaveLength(1)
  })

  it('a ticket of a session that has ended is refused', async () => {
    const agent = await signedIn(bob)
    const ticket = await ticketOf(bearer(agent))
    await agent.logout()
    const watching = await live({ as: bearer(bob.agent), query: 'cursor=0&kinds=session' })
    await watching.next('session', ({ change }) => change === 'ended')
    expect(await connect({ ticket }).refusal()).toEqual(['SessionEnded', 1008])
  })
})

describe('closing', () => {
  it('deleteSession closes the connections of that session only', async () => {
    const agent = await signedIn(bob)
    const ending = await live({ as: bearer(agent) })
    const other = await live({ as: bearer(bob.agent) })
    await agent.logout()
    expect(await ending.refusal()).toEqual(['SessionEnded', 1008])
    await other.next('session', ({ change }) => change === 'ended')
    expect(other.closeCode).toBeUndefined()
  })

  it('revoking an app password closes the connections that were opened with it', async () => {
    const { data } = await bob.agent.com.atproto.server.createAppPassword({ name: 'board' })
    const agent = await signedIn({ handle: bob.handle, password: data.password })
    const ending = await live({ as: bearer(agent) })
    const other = await live({ as: bearer(bob.agent) })
    await bob.agent.com.atproto.server.revokeAppPassword({ name: 'board' })
    expect(await ending.refusal()).toEqual(['SessionEnded', 1008])
    await other.next('appPassword', ({ change }) => change === 'revoked')
    expect(other.closeCode).toBeUndefined()
    expect(await connect({ as: bearer(agent) }).refusal()).toEqual(['SessionEnded', 1008])
  })
})

describe('channels', () => {
  const channel = { did: alice.did, name: 'board' }

  async function joined(agent: AtpAgent, state: object): Promise<RealtimeClient> {
    const client = await live({ as: bearer(agent) })
    client.send('join', { id: 'c', channel, state })
    await client.next('joined')
    return client
  }

  it('the record of a channel says who may enter, and those who are in it hear each other', async () => {
    const denied = await live({ as: bearer(bob.agent) })
    denied.send('join', { id: 'c', channel })
    expect(await denied.next('refused')).toMatchObject({ id: 'c', error: 'NotAllowed' })
    const record = { access: 'members', members: [bob.did], createdAt: new Date().toISOString() }
    const at = { repo: alice.did, collection: 'dev.headwater.realtime.channel', rkey: 'board' }
    await alice.agent.com.atproto.repo.putRecord({ ...at, record })

    const one = await joined(alice.agent, { cursor: 0.5 })
    await expect
      .poll(async () => (await call('publish', bearer(bob.agent), { channel, body: 0 })).status)
      .toBe(200)
    const other = await joined(bob.agent, {})
    const { present } = (await other.next('joined')) as unknown as { present: unknown[] }
    expect(present).toContainEqual({ did: alice.did, state: { cursor: 0.5 } })
    expect(await one.next('presence', ({ from }) => from === bob.did)).toMatchObject({
      state: {},
      channel,
    })

    other.send('publish', { channel, body: { typing: true } })
    const heard = await one.next('ephemeral', ({ body }) => body !== 0)
    expect(heard).toMatchObject({ from: bob.did, body: { typing: true }, channel })
    expect(heard.seq).toBeUndefined()

    await alice.agent.com.atproto.repo.deleteRecord(at)
    expect(await other.next('left')).toMatchObject({ id: 'c', error: 'NotAllowed' })
    const gone = ({ from, state }: { [field: string]: unknown }) =>
      from === bob.did && state === null
    await one.next('presence', gone)
  })

  it('publish refuses a message of more than 4 KB', async () => {
    const long = await call('publish', bearer(alice.agent), { channel, body: 'x'.repeat(5_000) })
    expect([long.status, long.body['error']]).toEqual([400, 'InvalidRequest'])
  })
})

it('the lexicons of the server are served', async () => {
  const response = await fetch(`${server.url}/lexicons/dev.headwater.realtime.subscribe.json`)
  expect(await response.json()).toMatchObject({ id: 'dev.headwater.realtime.subscribe' })
})

it('the admin hears public events of all accounts, and of none a session', async () => {
  const client = await live({ as: admin })
  await post(bob.agent, 'for the admin')
  await client.next('commit', ({ did }) => did === bob.did)
  expect(await connect({ as: admin, query: `dids=${bob.did}&kinds=session` }).refusal()).toEqual([
    ...['ScopeMissing', 1008],
  ])
})

describe('every credential hears what it could read by a query, and nothing else', async () => {
  const { callers, couldRead, serviceToken } = await realtimeCallers(oauth, bob)

  it.each(Object.keys(callers))('%s', async (name) => {
    const caller = callers[name]!
    const expected: Record<string, boolean> = {}
    const listed: Record<string, boolean> = {}
    const streamed: Record<string, boolean> = {}
    for (const [kind, could] of Object.entries(couldRead)) {
      expected[kind] = await could(name, caller)
      const query = `did=${alice.did}&kinds=${kind}`
      const answer = await caller(`/xrpc/dev.headwater.realtime.listEvents?${query}`)
      listed[kind] = answer.ok
      if (!answer.ok) expect(await answer.json()).toMatchObject({ error: 'ScopeMissing' })
      const ticket = await caller('/xrpc/dev.headwater.realtime.createTicket', {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
      })
      const made = ticket.ok ? ((await ticket.json()) as { ticket: string }) : undefined
      const header = { admin, 'service token': await serviceToken() }[name]
      const given = made ?? (header === undefined ? {} : { as: header })
      const client = connect({ query: `dids=${alice.did}&kinds=${kind}`, ...given })
      await expect.poll(() => client.error ?? client.messages[0], { timeout: 20_000 }).toBeTruthy()
      streamed[kind] = client.error === undefined
      if (client.error) expect(client.error.error).toBe('ScopeMissing')
      client.close()
    }
    expect(listed).toEqual(expected)
    expect(streamed).toEqual(expected)
  })
})
