import { expect, it } from 'vitest'
import {
  consumeRequest,
  createRequest,
  readRequest,
  removeRequest,
  updateRequest,
} from '#src/authorization/requests.ts'
import { MAX_REQUESTS } from '#src/authorization/shard.ts'
import { testShard } from '#tests/support/test-shard.ts'

const minute = 60_000
const id = 'req-1'

async function withRequest(more: object = {}) {
  const shard = testShard()
  const request = {
    data: '{"clientId":"one"}',
    parameters: '{}',
    deviceId: null,
    did: null,
    codeHash: null,
    expiresAt: shard.clock.now() + 5 * minute,
    ...more,
  }
  await createRequest(shard, { id, ...request })
  return { shard, request }
}

it('an authorization request is stored as it was made, and updated field by field', async () => {
  const { shard, request } = await withRequest()
  expect(await readRequest(shard, { id })).toEqual(request)
  await createRequest(shard, { id, ...request, data: 'again' })
  await updateRequest(shard, { id, deviceId: 'dev-1' })
  await updateRequest(shard, { id, parameters: '{"scope":"atproto"}' })
  const changes = { deviceId: 'dev-1', parameters: '{"scope":"atproto"}' }
  expect(await readRequest(shard, { id })).toEqual({ ...request, ...changes })
  await removeRequest(shard, { id })
  expect(await readRequest(shard, { id })).toBeNull()
})

it('a code is returned to one attempt, which may repeat, and to no other', async () => {
  const { shard, request } = await withRequest({ did: 'did:plc:a', codeHash: 'hash' })
  const ask = (attempt: string, codeHash = 'hash') =>
    consumeRequest(shard, { id, codeHash, attempt })
  expect(await ask('first', 'another')).toBeNull()
  const [first, second, third] = await Promise.all([ask('first'), ask('second'), ask('third')])
  expect([first, second, third]).toEqual([request, null, null])
  expect(await ask('first')).toEqual(request)
  expect(await readRequest(shard, { id })).toBeNull()
  const woken = testShard({ after: shard })
  expect(await consumeRequest(woken, { id, codeHash: 'hash', attempt: 'fourth' })).toBeNull()
})

it('an authorization request gets one code, however many consents there are', async () => {
  const { shard } = await withRequest()
  await updateRequest(shard, { id, did: 'did:plc:a', codeHash: 'one' })
  await updateRequest(shard, { id, did: 'did:plc:a', codeHash: 'one' })
  const other = updateRequest(shard, { id, did: 'did:plc:a', codeHash: 'two' })
  await expect(other).rejects.toMatchObject({ status: 400 })
  expect((await readRequest(shard, { id }))?.codeHash).toBe('one')
})

it('a repeated consent changes nothing', async () => {
  const { shard } = await withRequest()
  const consent = { id, did: 'did:plc:a', codeHash: 'one' }
  await updateRequest(shard, { ...consent, parameters: '{"scope":"atproto"}' })
  await updateRequest(shard, { ...consent, parameters: '{}' })
  expect((await readRequest(shard, { id }))?.parameters).toBe('{"scope":"atproto"}')
})

it('a request that has a code is not removed, and its code stays valid', async () => {
  const { shard } = await withRequest()
  await updateRequest(shard, { id, did: 'did:plc:a', codeHash: 'hash' })
  await removeRequest(shard, { id })
  expect(await readRequest(shard, { id })).toMatchObject({ codeHash: 'hash' })
  expect(await consumeRequest(shard, { id, codeHash: 'hash', attempt: 'first' })).not.toBeNull()
})

it('a request that is gone gets no code', async () => {
  const { shard } = await withRequest()
  await removeRequest(shard, { id })
  const gone = { status: 400, message: 'Unknown request_uri' }
  const consent = { id, did: 'did:plc:a', codeHash: 'one' }
  await expect(updateRequest(shard, consent)).rejects.toMatchObject(gone)
  await createRequest(shard, {
    ...consent,
    data: '{}',
    parameters: '{}',
    deviceId: null,
    expiresAt: 9e15,
  })
  await consumeRequest(shard, { id, codeHash: 'one', attempt: 'first' })
  await expect(updateRequest(shard, consent)).rejects.toMatchObject(gone)
})

it('a code is still valid if storing its use failed', async () => {
  let isFailing = false
  const shard = testShard({
    onBatch: (when) => {
      if (isFailing && when === 'before') throw new Error('the engine is away')
    },
  })
  const request = { data: '{}', parameters: '{}', deviceId: null, did: 'did:plc:a' }
  const expiresAt = shard.clock.now() + minute
  await createRequest(shard, { id, ...request, codeHash: 'hash', expiresAt })
  isFailing = true
  const lost = consumeRequest(shard, { id, codeHash: 'hash', attempt: 'first' })
  await expect(lost).rejects.toThrow('away')
  isFailing = false
  expect(await consumeRequest(shard, { id, codeHash: 'hash', attempt: 'second' })).not.toBeNull()
})

it('a shard takes no more requests than it has room for, until some have expired', async () => {
  const { shard, request } = await withRequest()
  const numbers = `WITH RECURSIVE r(n) AS
    (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < ${MAX_REQUESTS - 2})`
  await shard.sql.batch([
    {
      sql: `INSERT INTO request (id, data, parameters, expires_at)
            ${numbers} SELECT 'many-' || n, '{}', '{}', ? FROM r`,
      params: [request.expiresAt],
    },
  ])
  const count = () => shard.sql.first<{ n: number }>('SELECT count(*) AS n FROM request')
  const woken = testShard({ after: shard })
  const full = createRequest(woken, { id: 'one-more', ...request })
  await expect(full).rejects.toMatchObject({ status: 503, error: 'ServiceUnavailable' })
  expect(await count()).toEqual({ n: MAX_REQUESTS })
  shard.clock.time += 5 * minute
  await createRequest(woken, { id: 'one-more', ...request, expiresAt: 9e15 })
  expect(await count()).toEqual({ n: 1 })
})

it('one address has a quarter of a shard for its requests in five minutes, and does not keep out others', async () => {
  const { shard, request } = await withRequest()
  const create = (address: string | undefined, n: number) =>
    createRequest(shard, { id: `${address}-${n}`, ...request, address })
  for (let n = 0; n < MAX_REQUESTS / 4; n++) await create('203.0.113.7', n)
  shard.clock.time += minute
  const refused = { status: 429, error: 'RateLimitExceeded', headers: { 'retry-after': '240' } }
  await expect(create('203.0.113.7', MAX_REQUESTS)).rejects.toMatchObject(refused)
  expect(await readRequest(shard, { id: `203.0.113.7-${MAX_REQUESTS}` })).toBeNull()
  await create('203.0.113.8', 0)
  await create(undefined, 0)
  shard.clock.time += 4 * minute
  await create('203.0.113.7', MAX_REQUESTS)
})

it('requests of an address that has few push out those of the addresses that fill a shard, but no authorized one', async () => {
  const { shard, request } = await withRequest()
  const create = (address: string, n: number) =>
    createRequest(shard, { id: `${address}-${n}`, ...request, address })
  const share = MAX_REQUESTS / 4
  const all = ['a', 'b', 'c', 'd'].flatMap((address) =>
    Array.from({ length: share }, (_, n) => ({ address, n })),
  )
  // One of the room is the first request.
  await Promise.all(all.slice(1).map(({ address, n }) => create(address, n)))
  await updateRequest(shard, { id: `b-${share - 1}`, did: 'did:plc:a', codeHash: 'hash' })
  await create('newcomer', 0)
  await create('newcomer', 1)
  const found = async (name: string) => (await readRequest(shard, { id: name })) !== null
  expect(await found('newcomer-0')).toBe(true)
  expect(await found('newcomer-1')).toBe(true)
  expect(await found(`b-${share - 1}`)).toBe(true)
  const count = await shard.sql.first<{ n: number }>('SELECT count(*) AS n FROM request')
  expect(count).toEqual({ n: MAX_REQUESTS })
  expect(await found(`c-${share - 1}`)).toBe(false)
  expect(await found(`d-${share - 1}`)).toBe(false)
  expect(await found(id)).toBe(true)
})

it('expired requests are deleted some time after they expire', async () => {
  const { shard } = await withRequest()
  const other = (name: string) =>
    createRequest(shard, {
      id: name,
      ...{ data: '{}', parameters: '{}', deviceId: null, did: null, codeHash: null },
      expiresAt: shard.clock.now() + 5 * minute,
    })
  shard.clock.time += 11 * minute
  await other('req-2')
  expect(await readRequest(shard, { id })).not.toBeNull()
  shard.clock.time += 11 * minute
  await other('req-3')
  expect(await readRequest(shard, { id })).toBeNull()
  expect(await readRequest(shard, { id: 'req-2' })).not.toBeNull()
})

it.each([
  ['it is stored', false],
  ['storing it has failed', true],
])(
  'the page of a request does not wait for its browser to be stored, but a read waits until %s',
  async (_, fails) => {
    const gate = Promise.withResolvers<void>()
    let isHeld = false
    const shard = testShard({
      onBatch: (when) => (isHeld && when === 'before' ? gate.promise : undefined),
    })
    const expiresAt = shard.clock.now() + minute
    const request = { data: '{}', parameters: '{}', did: null, codeHash: null }
    await createRequest(shard, { id, ...request, deviceId: null, expiresAt })
    isHeld = true
    await updateRequest(shard, { id, deviceId: 'dev-1', expiresAt: expiresAt + minute })
    let found: unknown = 'not read'
    const read = readRequest(shard, { id }).then((answer) => {
      found = answer
    })
    await new Promise(setImmediate)
    expect(found).toBe('not read')
    isHeld = false
    if (fails) gate.reject(new Error('the engine is away'))
    else gate.resolve()
    await read
    const opened = fails
      ? { deviceId: null, expiresAt }
      : { deviceId: 'dev-1', expiresAt: expiresAt + minute }
    expect(found).toEqual({ ...request, ...opened })
  },
)

it('of the requests that were not opened yet a shard keeps 1 MB in memory, and finds the others, too', async () => {
  const { shard, request } = await withRequest()
  const long = { ...request, parameters: 'x'.repeat(16_000) }
  for (let n = 0; n < 100; n++) await createRequest(shard, { id: `req-long-${n}`, ...long })
  expect(shard.unopened.size).toBe(62)
  const found = ['req-long-0', 'req-long-99'].map((one) => readRequest(shard, { id: one }))
  expect(await Promise.all(found)).toEqual([long, long])
  expect(await readRequest(shard, { id })).toEqual(request)
  for (let n = 0; n < 100; n++) await removeRequest(shard, { id: `req-long-${n}` })
  expect(shard.unopened.size).toBe(0)
})

it('a consent is stored before its page continues', async () => {
  const gate = Promise.withResolvers<void>()
  let isHeld = false
  const shard = testShard({
    onBatch: (when) => (isHeld && when === 'before' ? gate.promise : undefined),
  })
  const request = { data: '{}', parameters: '{}', did: null, codeHash: null, deviceId: null }
  await createRequest(shard, { id, ...request, expiresAt: 9e15 })
  isHeld = true
  let isStored = false
  const consent = updateRequest(shard, {
    id,
    did: 'did:plc:a',
    codeHash: 'one',
    expiresAt: 1,
  }).then(() => {
    isStored = true
  })
  await new Promise(setImmediate)
  expect(isStored).toBe(false)
  gate.resolve()
  await consent
})
