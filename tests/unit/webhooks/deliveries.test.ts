import { describe, expect, it } from 'vitest'
import {
  list as listDeliveries,
  notify,
  redeliver,
  replay,
  test as sendTest,
} from '#src/webhooks/deliveries.ts'
import { list, rotate, update } from '#src/webhooks/endpoints.ts'
import { deleteOldDeliveries, KEPT_MS } from '#src/webhooks/stored-deliveries.ts'
import {
  arrived,
  endpoint,
  idle,
  seqs,
  stored,
  withEndpoint,
} from '#tests/support/webhook-scenarios.ts'
import { alice, bob, type TestWebhooks, testWebhooks } from '#tests/support/webhooks-fixture.ts'

const minute = 60_000

describe('bounds', () => {
  it('what an endpoint has no room for stays in the log', async () => {
    const test = await withEndpoint({ bounds: { waiting: 10, inFlight: 1 } })
    const { promise: released, resolve } = Promise.withResolvers<void>()
    test.answer(() => released.then(() => ({ status: 200 })))
    for (let i = 0; i < 30; i++) await test.session(alice)
    await expect.poll(test.waiting).toBeGreaterThanOrEqual(10)
    expect(test.waiting()).toBeLessThan(30)
    resolve()
    await stored(test, ['30 delivered'])
    expect(seqs(test)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1))
  })

  it('an owner has so many endpoints, and so many requests under way', async () => {
    const bounds = { endpoints: 2, inFlight: 2, inFlightOfOwner: 3 }
    const test = await withEndpoint({ bounds })
    await test.add({ id: 'we_2' })
    await expect(test.add({ id: 'we_3' })).rejects.toMatchObject({
      ...{ status: 413, error: 'QuotaExceeded' },
    })
    test.answer(() => new Promise(() => {}))
    for (let i = 0; i < 5; i++) await test.session(`did:plc:number${i}`)
    await expect.poll(test.waiting).toBe(5)
    expect(test.received).toHaveLength(3)
  })

  it('an endpoint with much to send leaves room for the others of its owner', async () => {
    const test = await withEndpoint({ bounds: { inFlight: 2, inFlightOfOwner: 2 } })
    let underWay = 0
    test.answer(async () => {
      expect(++underWay).toBeLessThanOrEqual(2)
      await new Promise((resolve) => setImmediate(resolve))
      underWay -= 1
      return { status: 200 }
    })
    await test.add({ id: 'we_2', url: 'https://other.example/' })
    for (let i = 0; i < 10; i++) await test.session(`did:plc:number${i}`)
    await stored(test, ['20 delivered'])
    const urls = test.received.map(({ url }) => url)
    const early = urls.slice(0, 10).filter((url) => url === 'https://other.example/')
    expect(early.length).toBeGreaterThan(2)
  })

  it('the URL must be one that the server sends to', async () => {
    const test = await testWebhooks()
    for (const url of [
      'http://hook.example',
      'nothing',
      'https://user:secret@hook.example',
      'https://hook.example/\nX: y',
    ]) {
      await expect(test.add({ url })).rejects.toMatchObject({ status: 400, error: 'InvalidUrl' })
    }
    await expect(test.add({ url: `https://a/${'x'.repeat(2_000)}` })).rejects.toThrow('too long')
    expect(await list(test.webhooks)).toEqual([])
  })
})

it('an endpoint that is far behind does not delay the others', async () => {
  const test = await withEndpoint()
  await update(test.webhooks, { id: endpoint, enabled: false })
  for (let i = 0; i < 1_500; i++) await test.session(alice)
  await test.add({ id: 'we_2', url: 'https://other.example/' })
  await update(test.webhooks, { id: endpoint, enabled: true })
  const positionOf = (id: string) => test.webhooks.endpoints.get(id)!.position
  const isBehind: boolean[] = []
  test.answer(({ url, data }) => {
    if (url === 'https://other.example/' && data.did === bob) {
      isBehind.push(positionOf(endpoint) < positionOf('we_2'))
    }
    return { status: 200 }
  })
  await test.session(bob)
  await expect.poll(() => isBehind).toEqual([true])
  await expect.poll(() => positionOf(endpoint), { timeout: 10_000 }).toBe(positionOf('we_2'))
})

describe('old deliveries', () => {
  const count =
    (state: string) =>
    ({ database }: TestWebhooks) =>
      database.first<{ n: number }>(`SELECT count(*) AS n FROM delivery WHERE state = '${state}'`)

  it('deliveries that have ended are deleted after three days, or if there are too many', async () => {
    const test = await withEndpoint()
    for (let i = 0; i < 5; i++) await test.session(alice)
    await stored(test, ['5 delivered'])
    const trim = (ms: number, kept: number) =>
      test.database.batch([deleteOldDeliveries(endpoint, test.sequencer.clock.now() + ms, kept)])
    await trim(0, 3)
    expect(await count('delivered')(test)).toEqual({ n: 3 })
    await trim(KEPT_MS, 3)
    expect(await count('delivered')(test)).toEqual({ n: 3 })
    await trim(KEPT_MS + 1, 3)
    expect(await count('delivered')(test)).toEqual({ n: 0 })
  })

  it('what waits is never deleted', async () => {
    const test = await withEndpoint()
    test.answer(() => new Promise(() => {}))
    for (let i = 0; i < 3; i++) await test.session(alice)
    await expect.poll(test.waiting).toBe(3)
    await test.database.batch([deleteOldDeliveries(endpoint, Number.MAX_SAFE_INTEGER, 1)])
    expect(await count('waiting')(test)).toEqual({ n: 3 })
  })
})

describe('repetitions', () => {
  async function delivered(): Promise<TestWebhooks> {
    const test = await withEndpoint()
    for (const did of [alice, bob, alice]) {
      await test.session(did)
      test.sequencer.setTime(test.sequencer.clock.now() + 1_000)
    }
    await stored(test, ['3 delivered'])
    return test
  }

  it('redeliver sends a message again, with the same id and body', async () => {
    const test = await delivered()
    const [first] = test.received
    await redeliver(test.webhooks, { endpoint, message: first!.id })
    await arrived(test, 4)
    expect(test.received[3]).toMatchObject({ id: first!.id, body: first!.body })
    const unknown = redeliver(test.webhooks, { endpoint, message: 'msg_0' })
    await expect(unknown).rejects.toMatchObject({ error: 'MessageNotFound' })
  })

  it('redeliver sends at once what waits', async () => {
    const test = await withEndpoint()
    test.answer(() => ({ status: 500 }))
    await test.session(alice)
    await arrived(test, 1)
    await idle(test)
    test.answer(() => ({ status: 200 }))
    await redeliver(test.webhooks, { endpoint, message: test.received[0]!.id })
    await arrived(test, 2)
    await stored(test, ['1 delivered'])
  })

  it('replay sends everything since a time again, with the same ids and bodies', async () => {
    const test = await delivered()
    const before = test.received.map(({ id, body }) => ({ id, body }))
    const since = test.sequencer.clock.now() - 2_000
    expect(await replay(test.webhooks, { endpoint, since })).toEqual({ count: 2 })
    await arrived(test, 5)
    const again = test.received.slice(3).map(({ id, body }) => ({ id, body }))
    expect(again.sort((a, b) => a.id.localeCompare(b.id))).toEqual(before.slice(1))
    await stored(test, ['5 delivered'])
    // Copies are not copied again.
    expect(await replay(test.webhooks, { endpoint, since: 0 })).toEqual({ count: 3 })
  })

  it('a repeated replay adds nothing that waits already, and one without room is refused', async () => {
    const test = await delivered()
    test.answer(() => new Promise(() => {}))
    expect(await replay(test.webhooks, { endpoint, since: 0 })).toEqual({ count: 3 })
    expect(await replay(test.webhooks, { endpoint, since: 0 })).toEqual({ count: 0 })
    const full = await withEndpoint({ bounds: { waiting: 1 } })
    for (let i = 0; i < 2; i++) {
      await full.session(alice)
      await stored(full, [`${i + 1} delivered`])
    }
    const refused = replay(full.webhooks, { endpoint, since: 0 })
    await expect(refused).rejects.toMatchObject({ status: 429, error: 'RateLimitExceeded' })
    expect(full.received).toHaveLength(2)
  })

  it('a test message has a type of its own, and comes once if the call is repeated', async () => {
    const test = await withEndpoint()
    for (let i = 0; i < 2; i++) await sendTest(test.webhooks, { endpoint, message: 'msg_test' })
    await arrived(test, 1)
    expect(test.received[0]).toMatchObject({
      id: 'msg_test',
      type: 'webhook.test',
      data: { seq: 1 },
    })
    await test.session(alice)
    await arrived(test, 2)
    expect(test.received[1]!.data.seq).toBe(2)
  })

  it('a message that is in no log is sent to the endpoints that want it, once', async () => {
    const test = await withEndpoint()
    await test.add({ id: 'we_2', types: ['account.*'] })
    const [type, time] = ['relay.throttled', '2026-01-01T00:00:00.000Z'] as const
    const data = { relay: 'https://relay.example', throttled: 3 }
    const message = { id: 'msg_1', type, time, data }
    for (let i = 0; i < 2; i++) await notify(test.webhooks, message)
    await stored(test, ['1 delivered'])
    expect(test.received).toMatchObject([
      { id: 'msg_1', type: 'relay.throttled', data: { seq: 1, throttled: 3 } },
    ])
  })

  it('a message that is in no log waits with its sender while an endpoint has no room', async () => {
    const test = await withEndpoint({ bounds: { waiting: 1 } })
    test.answer(() => new Promise(() => {}))
    const message = (id: string) => ({
      ...{ id, type: 'relay.throttled' as const, time: '2026-01-01T00:00:00.000Z', data: {} },
    })
    expect(await notify(test.webhooks, message('msg_1'))).toEqual({ hasRoom: true })
    expect(await notify(test.webhooks, message('msg_2'))).toEqual({ hasRoom: false })
    await stored(test, ['1 waiting'])
  })

  it('deliveries are listed newest first, by state and in pages', async () => {
    const test = await delivered()
    const { deliveries, cursor } = await listDeliveries(test.webhooks, { endpoint, limit: 2 })
    expect(deliveries.map(({ did, state, status }) => [did, state, status])).toEqual([
      [alice, 'delivered', 200],
      [bob, 'delivered', 200],
    ])
    const next = await listDeliveries(test.webhooks, { endpoint, limit: 2, cursor: cursor! })
    expect(next.deliveries).toHaveLength(1)
    expect(next.cursor).toBeUndefined()
    const none = await listDeliveries(test.webhooks, { endpoint, limit: 2, state: 'waiting' })
    expect(none.deliveries).toEqual([])
  })

  it('after a rotation messages have two signatures, until the former secret ends', async () => {
    const test = await withEndpoint()
    const next = `whsec_${Buffer.alloc(32, 2).toString('base64')}`
    for (let i = 0; i < 2; i++) {
      await rotate(test.webhooks, { id: endpoint, secret: next, overlapMs: minute })
    }
    expect((await list(test.webhooks))[0]!.secrets).toHaveLength(2)
    await test.session(alice)
    await arrived(test, 1)
    test.sequencer.setTime(test.sequencer.clock.now() + minute)
    await test.session(alice)
    await arrived(test, 2)
    const signatures = test.received.map(({ signature }) => signature.split(' ').length)
    expect(signatures).toEqual([2, 1])
  })
})
