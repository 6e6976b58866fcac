/** Jetstream as its clients see it: two that others wrote, unchanged, and plain WebSockets. */
import { zstdDecompressSync } from 'node:zlib'
import { JetstreamSubscription } from '@atcute/jetstream'
import { Jetstream } from '@skyware/jetstream'
import { afterAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { adminAuthorization, repoRef } from '#tests/support/moderated-server.ts'
import { post, thing, write } from '#tests/support/records.ts'
import { createTestAccount, type TestAccount } from '#tests/support/server.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { call } from '#tests/support/xrpc-call.ts'

const { server, alice, bob } = await serverWithAccounts(['alice', 'bob'])
const origin = server.url.replace(/^http/, 'ws')
const eventsPath = '/xrpc/network.bsky.jetstream.subscribeEvents'
const WAIT = { timeout: 30_000, interval: 20 }

interface LegacyEvent {
  did: string
  time_us: number
  kind: string
  commit?: { operation: string; collection: string; rkey: string; record?: object; cid?: string }
  account?: { active: boolean; status?: string }
}

const opened: { close(): void }[] = []
afterAll(() => {
  for (const one of opened) one.close()
})

/** A plain client; `texts` are decompressed if they are binary. */
function connect(path: string, options: { protocol?: string; dictionary?: Buffer } = {}) {
  const { protocol, dictionary } = options
  const ws = new WebSocket(`${origin}${path}`, protocol, { perMessageDeflate: false })
  opened.push(ws)
  const texts: string[] = []
  ws.on('message', (data: Buffer, isBinary: boolean) => {
    const plain = isBinary ? zstdDecompressSync(data, { dictionary: dictionary! } as object) : data
    texts.push(plain.toString('utf8'))
  })
  ws.on('error', () => {})
  const closed = new Promise<{ code: number; reason: string }>((resolve) =>
    ws.once('close', (code, reason) => resolve({ code, reason: reason.toString() })),
  )
  const isOpen = new Promise<void>((resolve) => ws.once('open', () => resolve()))
  const refused = new Promise<{ status: number; type: string; body: string }>((resolve) =>
    ws.once('unexpected-response', (_, response) => {
      let body = ''
      response.on('data', (chunk: Buffer) => {
        body += chunk
      })
      const type = response.headers['content-type'] ?? ''
      response.on('end', () => resolve({ status: response.statusCode!, type, body }))
    }),
  )
  return { ws, texts, closed, isOpen, refused, events: () => texts.map((text) => JSON.parse(text)) }
}

async function create(by: TestAccount, rkey: string, record: Record<string, unknown> = { n: 1 }) {
  const { data } = await by.agent.com.atproto.repo.createRecord({
    repo: by.did,
    ...{ collection: thing, rkey, record },
  })
  return data
}

describe('clients that others wrote', () => {
  it('@skyware/jetstream receives commits, identities and accounts, and changes its options', async () => {
    const jetstream = new Jetstream({
      endpoint: `${origin}/subscribe`,
      ws: WebSocket as never,
      cursor: 1,
      wantedCollections: ['app.bsky.feed.post'],
    })
    opened.push(jetstream)
    const created: string[] = []
    const kinds: string[] = []
    const others: string[] = []
    jetstream.onCreate('app.bsky.feed.post', ({ commit }) => {
      created.push((commit.record as { text?: string }).text!)
    })
    jetstream.on('identity', ({ kind }) => void kinds.push(kind))
    jetstream.on('account', ({ kind }) => void kinds.push(kind))
    jetstream.on(thing as never, ({ commit }: { commit: { rkey: string } }) => {
      others.push(commit.rkey)
    })
    jetstream.start()
    await create(alice, 'not-wanted')
    const record = post('for skyware')
    await alice.agent.com.atproto.repo.createRecord({
      repo: alice.did,
      ...{ collection: 'app.bsky.feed.post', record },
    })
    await expect.poll(() => created, WAIT).toEqual(['for skyware'])
    await expect.poll(() => kinds, WAIT).toEqual(['identity', 'account', 'identity', 'account'])
    jetstream.updateOptions({ wantedCollections: ['com.example.*'] } as never)
    await expect
      .poll(async () => {
        await create(bob, `after-update-${Date.now()}`)
        return others.length
      }, WAIT)
      .toBeGreaterThan(0)
    expect(others).not.toContain('not-wanted')
  })

  it('@atcute/jetstream validates every event, and goes on from its cursor', async () => {
    const errors: unknown[] = []
    const subscribe = (cursor: number, wantedDids?: string[]) =>
      new JetstreamSubscription({
        url: origin,
        cursor,
        ...(wantedDids && { wantedDids: wantedDids as `did:plc:${string}`[] }),
        onError: (error: unknown) => void errors.push(error),
      })
    await alice.agent.com.atproto.repo.applyWrites({
      repo: alice.did,
      writes: [
        write('create', 'atcute-1', { a: 1, $type: thing }),
        write('create', 'atcute-2', { a: 2, $type: thing }),
        write('delete', 'not-wanted'),
      ] as never,
    })
    const first = subscribe(1, [alice.did])
    const story: string[] = []
    for await (const event of first) {
      if (event.kind !== 'commit') {
        story.push(event.kind)
        continue
      }
      story.push(`${event.commit.operation} ${event.commit.rkey}`)
      if (event.commit.operation === 'delete') break
    }
    expect(story.slice(0, 2)).toEqual(['identity', 'account'])
    expect(story.slice(-3)).toEqual(['create atcute-1', 'create atcute-2', 'delete not-wanted'])
    await create(alice, 'atcute-3')
    for await (const event of subscribe(first.cursor)) {
      if (event.kind !== 'commit') continue
      // The cursor is inclusive.
      story.push(event.commit.rkey)
      if (event.commit.rkey === 'atcute-3') break
    }
    expect(story.slice(-2)).toEqual(['not-wanted', 'atcute-3'])
    expect(errors).toEqual([])
  })
})

describe('/subscribe', () => {
  it('/subscribe sends what was written, with the CID and the record', async () => {
    const { events, isOpen } = connect(`/subscribe?wantedDids=${bob.did}`)
    await isOpen
    const before = Date.now() * 1_000
    const { cid } = await create(bob, 'exact', { text: 'Grüße', bytes: { $bytes: 'AQID' } })
    await expect.poll(events, WAIT).toHaveLength(1)
    const [event] = events() as [LegacyEvent]
    expect(event).toEqual({
      did: bob.did,
      time_us: expect.any(Number),
      kind: 'commit',
      commit: {
        ...{ rev: expect.any(String), operation: 'create', collection: thing, rkey: 'exact', cid },
        record: { $type: thing, text: 'Grüße', bytes: { $bytes: 'AQID' } },
      },
    })
    expect(event.time_us).toBeGreaterThan(before)
  })

  it.each([
    ['wantedCollections=app.bsky.fo*', 'invalid collection: app.bsky.fo*'],
    ['wantedDids=alice', 'invalid DID: alice'],
    ['cursor=abc', 'invalid cursor: "abc"'],
    ['cursor=-1', 'invalid cursor: "-1"'],
    ['compress=true', 'this server cannot compress'],
  ])('/subscribe refuses %s with a reason in plain text', async (query, message) => {
    const { status, type, body } = await connect(`/subscribe?${query}`).refused
    expect({ status, type }).toEqual({ status: 400, type: 'text/plain; charset=utf-8' })
    expect(body).toContain(message)
  })

  it('/subscribe with requireHello sends nothing until it is told what', async () => {
    const { ws, events, isOpen } = connect('/subscribe?requireHello=true')
    const other = connect(`/subscribe?wantedDids=${alice.did}`)
    await Promise.all([isOpen, other.isOpen])
    await create(alice, 'before-hello')
    await expect.poll(other.events, WAIT).toHaveLength(1)
    expect(events()).toEqual([])
    ws.send(JSON.stringify({ type: 'options_update', payload: { wantedDids: [alice.did] } }))
    const rkeys = () => events().map(({ commit }) => commit.rkey)
    await expect
      .poll(async () => {
        await create(alice, `hello-${Date.now()}`)
        return rkeys().length
      }, WAIT)
      .toBeGreaterThan(0)
    expect(rkeys()).not.toContain('before-hello')
  })

  it.each([
    ['that is not JSON', 'no JSON', 1007, 'bad SubscriberSourcedMessage envelope'],
    [
      'with a bad payload',
      '{"type":"options_update","payload":5}',
      1007,
      'bad options_update payload',
    ],
    [
      'with a bad option',
      '{"type":"options_update","payload":{"wantedCollections":["x*"]}}',
      1008,
      'invalid collection: x*',
    ],
    ['of more than a megabyte', ' '.repeat(1_000_001), 1009, ''],
  ])('/subscribe closes the connection after a message %s', async (_, message, code, reason) => {
    const { ws, isOpen, closed } = connect('/subscribe')
    await isOpen
    ws.send(message)
    expect(await closed).toEqual({ code, reason })
  })

  it('the records of an account that was taken down are not replayed', async () => {
    const carol = await createTestAccount(server, 'carol')
    await create(carol, 'by-carol')
    const replay = async () => {
      const { events, ws } = connect(`/subscribe?cursor=1&wantedDids=${carol.did}`)
      const marks = connect(`/subscribe?cursor=1&wantedCollections=${thing}`)
      const rkey = `mark-${Date.now()}`
      await create(bob, rkey)
      const seen = () => marks.events().map(({ commit }) => commit?.rkey)
      await expect.poll(seen, WAIT).toContain(rkey)
      await expect.poll(() => events().length, WAIT).toBeGreaterThan(0)
      ws.close()
      return { own: events() as LegacyEvent[], all: seen() }
    }
    expect((await replay()).all).toContain('by-carol')
    const takedown = { applied: true }
    const moderate = (takedown: { applied: boolean }) =>
      call(server, 'admin.updateSubjectStatus', {
        body: { subject: repoRef(carol), takedown },
        as: adminAuthorization,
      })
    expect((await moderate(takedown)).status).toBe(200)
    const isTakenDown = ({ own }: { own: LegacyEvent[] }) =>
      own.some(({ account }) => account?.status === 'takendown')
    await expect.poll(async () => isTakenDown(await replay()), WAIT).toBe(true)
    const { own, all } = await replay()
    expect(own.filter(({ kind }) => kind === 'commit')).toEqual([])
    expect(all).not.toContain('by-carol')
  })
})

describe('subscribeEvents', () => {
  it('subscribeEvents sends the fields of its lexicon, and answers with its subprotocol', async () => {
    const path = `${eventsPath}?dids=${bob.did}&cursor=0`
    const { ws, events, isOpen } = connect(path, { protocol: 'xrpc.v1.json' })
    await isOpen
    expect(ws.protocol).toBe('xrpc.v1.json')
    const { cid } = await create(bob, 'v2', { isOfV2: true })
    const payloads = () => events().map(({ payload }) => payload)
    await expect.poll(() => payloads().at(-1)?.cid, WAIT).toBe(cid)
    const types = payloads().map(({ $type }) => $type.split('#')[1])
    expect(types.slice(0, 2)).toEqual(['identity', 'account'])
    expect(types).toContain('sync')
    expect(events().map(({ $type }) => $type)).toEqual(types.map(() => 'message'))
    expect(payloads().at(-1)).toEqual({
      $type: 'network.bsky.jetstream.subscribeEvents#commit',
      ...{ seq: expect.any(Number), did: bob.did, rev: expect.any(String), cid },
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      ...{
        operation: 'create',
        collection: thing,
        rkey: 'v2',
        record: { $type: thing, isOfV2: true },
      },
    })
    const seqs = payloads().map(({ seq }) => seq)
    expect(seqs).toEqual([...new Set(seqs)].toSorted((a, b) => a - b))
  })

  it('messages of subscribeEvents are decoded with the dictionary of getZstdDictionary', async () => {
    const answer = await fetch(`${server.url}/xrpc/network.bsky.jetstream.getZstdDictionary`)
    const dictionary = Buffer.from(await answer.arrayBuffer())
    const id = dictionary.readUInt32LE(4)
    const query = `zstdDictionary=${id}&dids=${bob.did}&kinds=commit`
    const { events, isOpen } = connect(`${eventsPath}?${query}`, { dictionary })
    await isOpen
    await create(bob, 'compressed-1')
    await create(bob, 'compressed-2')
    const rkeys = () => events().map(({ payload }) => payload.rkey)
    await expect.poll(rkeys, WAIT).toEqual(['compressed-1', 'compressed-2'])
    const refused = await connect(`${eventsPath}?zstdDictionary=${id + 1}`).refused
    expect(JSON.parse(refused.body)).toMatchObject({ error: 'UnknownZstdDictionary' })
  })

  it('subscribeEvents closes the connection of a client that sends messages', async () => {
    const { ws, isOpen, closed } = connect(eventsPath)
    await isOpen
    ws.send('{}')
    expect((await closed).code).toBe(1008)
  })
})
