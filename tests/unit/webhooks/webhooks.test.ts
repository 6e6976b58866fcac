/** From the log to the endpoint: at least once, in order by account, over failures and restarts. */
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { list as listDeliveries } from '#src/webhooks/deliveries.ts'
import { list, remove, update } from '#src/webhooks/endpoints.ts'
import { RETRY_DELAYS_MS } from '#src/webhooks/retries.ts'
import { DISABLE_AFTER_MS } from '#src/webhooks/sender.ts'
import { resume } from '#src/webhooks/webhooks.ts'
import {
  arrived,
  endpoint,
  idle,
  seqs,
  stored,
  turn,
  withEndpoint,
} from '#tests/support/webhook-scenarios.ts'
import { alice, bob, type Received, secret, testWebhooks } from '#tests/support/webhooks-fixture.ts'

const minute = 60_000

describe('events', () => {
  it('an event arrives signed, with the time and the account', async () => {
    const test = await withEndpoint()
    await test.session(alice)
    await arrived(test, 1)
    const { id, timestamp, signature, body, url } = test.received[0]!
    expect(url).toBe('https://hook.example/')
    const time = new Date(test.sequencer.clock.now()).toISOString()
    expect(JSON.parse(body)).toEqual({
      type: 'session.created',
      timestamp: time,
      data: { seq: 1, did: alice, kind: 'password' },
    })
    expect(id).toMatch(/^msg_\d+$/)
    expect(timestamp).toBe(Math.floor(test.sequencer.clock.now() / 1_000))
    expect(signature).toBe(new Webhook(secret).sign(id, new Date(timestamp * 1_000), body))
    await stored(test, ['1 delivered'])
  })

  it('an endpoint gets what happens from its creation on, and only the types that it wants', async () => {
    const test = await testWebhooks()
    await test.session(alice)
    test.sequencer.setTime(test.sequencer.clock.now() + 1)
    await test.add({ types: ['session.*'] })
    await test.event(alice, '#email', { change: 'changed' })
    await test.session(bob)
    await arrived(test, 1)
    expect(test.received[0]).toMatchObject({ type: 'session.created', data: { seq: 1, did: bob } })
  })

  it('records arrive by collection, and account.created has the handle', async () => {
    const test = await testWebhooks()
    const filter = { types: ['record.*', 'account.created'], collections: ['com.example.*'] }
    await test.add(filter)
    await test.commit(alice, 2)
    await arrived(test, 3)
    expect(test.received.map(({ type }) => type).sort()).toEqual([
      'account.created',
      'record.created',
      'record.created',
    ])
    const [created] = test.received
    expect(created).toMatchObject({ type: 'account.created', data: { handle: 'alice.test' } })
  })

  it('without an endpoint no event is read, and the directory does not list the owner', async () => {
    const test = await withEndpoint()
    expect(test.listed).toEqual([true])
    await remove(test.webhooks, { id: endpoint })
    await resume(test.webhooks)
    expect(test.listed).toEqual([true, false])
    await test.session(alice)
    const { feed, endpoints } = test.webhooks
    expect([...endpoints]).toEqual([])
    await expect.poll(() => feed.isRunning).toBe(false)
    expect(test.received).toEqual([])
  })
})

describe('failures', () => {
  it('a failed delivery holds back the later ones of its account only', async () => {
    const test = await withEndpoint()
    test.answer(({ data }) => ({ status: data.did === alice ? 500 : 200 }))
    await test.session(alice)
    await test.session(alice)
    await test.session(bob)
    await test.session(bob)
    await arrived(test, 3)
    expect(seqs(test, alice)).toEqual([1])
    expect(seqs(test, bob)).toEqual([3, 4])
    test.answer(() => ({ status: 204 }))
    test.later(5_000)
    await arrived(test, 5)
    expect(seqs(test, alice)).toEqual([1, 1, 2])
    await stored(test, ['4 delivered'])
  })

  it.each([
    [{ status: 500 }],
    [{ status: 302 }],
    [{ status: 404 }],
    [{ error: 'The operation was aborted due to timeout' }],
  ])('after %j it is tried again, with the same id and body', async (answer) => {
    const test = await withEndpoint()
    test.answer(() => answer)
    await test.session(alice)
    await arrived(test, 1)
    await expect
      .poll(
        async () =>
          (await listDeliveries(test.webhooks, { endpoint, limit: 1 })).deliveries[0]?.attempts,
      )
      .toBe(1)
    test.later(4_999)
    await turn()
    expect(test.received).toHaveLength(1)
    test.later(1)
    await arrived(test, 2)
    const what = ({ id, body }: Received) => ({ id, body })
    expect(what(test.received[1]!)).toEqual(what(test.received[0]!))
  })

  it('it is given up after ten attempts, and then the next one of the account follows', async () => {
    const test = await withEndpoint()
    test.answer(({ data }) => ({ status: data.seq === 1 ? 500 : 200 }))
    await test.session(alice)
    await test.session(alice)
    for (let attempts = 1; attempts <= 10; attempts++) {
      await arrived(test, attempts + Number(attempts === 10))
      await idle(test)
      test.later(RETRY_DELAYS_MS[attempts - 1] ?? 0)
    }
    expect(seqs(test)).toEqual([...Array(10).fill(1), 2])
    await stored(test, ['1 delivered', '1 failed'])
    expect(Object.fromEntries(test.stats.attempts)).toEqual({
      ...{ failed: 9, 'given up': 1, delivered: 1 },
    })
  })

  it('410 disables the endpoint; enabled again it goes on where it was', async () => {
    const test = await withEndpoint()
    test.answer(() => ({ status: 410 }))
    await test.session(alice)
    const disabled = { status: 'disabled', disabledReason: 'gone', waiting: 1 }
    await expect.poll(async () => (await list(test.webhooks))[0]).toMatchObject(disabled)
    await test.session(bob)
    test.later(60 * minute)
    await turn()
    expect(test.received).toHaveLength(1)
    expect(test.warnings).toEqual(['a webhook endpoint is disabled'])
    test.answer(() => ({ status: 200 }))
    await update(test.webhooks, { id: endpoint, enabled: true })
    await arrived(test, 3)
    expect(seqs(test).sort()).toEqual([1, 1, 2])
  })

  it('an endpoint that has only failed for days is disabled', async () => {
    const test = await withEndpoint()
    test.answer(() => ({ status: 503 }))
    const status = async () => (await list(test.webhooks))[0]
    let events = 0
    for (const ms of [0, DISABLE_AFTER_MS - 1, 1]) {
      expect(await status()).toMatchObject({ status: 'enabled' })
      test.later(ms)
      await test.session(`did:plc:after${ms}`)
      await expect.poll(test.waiting).toBe(++events)
      await idle(test)
    }
    await expect.poll(status).toMatchObject({ status: 'disabled', disabledReason: 'failing' })
  })

  it('an endpoint that fails gets one request at a time, and all that waits once it answers', async () => {
    const test = await withEndpoint()
    test.answer(() => ({ error: 'ECONNREFUSED' }))
    for (let i = 0; i < 5; i++) await test.session(`did:plc:number${i}`)
    await arrived(test, 5)
    await expect.poll(() => test.webhooks.endpoints.get(endpoint)!.failures).toBe(5)
    let underWay = 0
    let most = 0
    test.answer(async () => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setImmediate(resolve))
      underWay -= 1
      return { error: 'ECONNREFUSED' }
    })
    test.later(5_000)
    await arrived(test, 10)
    await expect.poll(() => test.webhooks.endpoints.get(endpoint)!.failures).toBe(10)
    expect(most).toBe(1)
    test.answer(() => ({ status: 200 }))
    // The next attempts are due in 5 minutes; another account's event comes at once.
    test.sequencer.setTime(test.sequencer.clock.now() + 4.95 * minute)
    await test.session(bob)
    await arrived(test, 16)
    await stored(test, ['6 delivered'])
  })

  it('an endpoint that asks for more time gets it', async () => {
    const test = await withEndpoint()
    test.answer(() => ({ status: 429, retryAfterMs: 10 * minute }))
    await test.session(alice)
    await arrived(test, 1)
    await idle(test)
    test.later(10 * minute - 1)
    await turn()
    expect(test.received).toHaveLength(1)
    test.later(1)
    await arrived(test, 2)
  })
})

describe('restarts', () => {
  it('what was not acknowledged before a kill is sent after it, with the same id', async () => {
    const test = await withEndpoint()
    test.answer(() => new Promise(() => {}))
    await test.session(alice)
    await test.session(bob)
    await arrived(test, 2)
    test.answer(() => ({ status: 200 }))
    await test.kill()
    await test.session(alice)
    await arrived(test, 5)
    const ids = test.received.map(({ id }) => id)
    expect(ids.slice(2, 4).sort()).toEqual(ids.slice(0, 2).sort())
    await stored(test, ['3 delivered'])
  })

  it('events of the time in which it was not awake are sent when it wakes', async () => {
    const test = await withEndpoint()
    test.webhooks.close()
    await test.session(alice)
    await test.session(bob)
    await test.kill()
    await arrived(test, 2)
    expect(seqs(test).sort()).toEqual([1, 2])
  })

  it.each(['before', 'after'] as const)(
    'no event is lost or renumbered if a transaction fails %s it is stored',
    async (when) => {
      let fails = 0
      const test = await withEndpoint({
        onBatch: (at) => {
          if (at === when && fails-- > 0) throw new Error('engine gone')
        },
      })
      fails = 2
      for (let i = 0; i < 4; i++) await test.session(alice)
      await expect
        .poll(async () => {
          test.later(1_000)
          return test.states()
        })
        .toEqual(['4 delivered'])
      expect([...new Set(seqs(test))]).toEqual([1, 2, 3, 4])
      expect(new Set(test.received.map(({ id }) => id)).size).toBe(4)
    },
  )

  it('an endpoint that was disabled for longer than events are kept gets the time that it has missed', async () => {
    const hour = 60 * minute
    const test = await withEndpoint({ backfillMs: hour })
    await update(test.webhooks, { id: endpoint, enabled: false })
    for (let i = 0; i < 300; i++) await test.session(alice)
    test.sequencer.setTime(test.sequencer.clock.now() + 3 * hour)
    for (let i = 0; i < 300; i++) await test.session(bob)
    await update(test.webhooks, { id: endpoint, enabled: true })
    await expect.poll(() => seqs(test, bob).length).toBe(300)
    const missed = test.received.find(({ type }) => type === 'webhook.events_missed')
    expect(missed?.data).toMatchObject({ seq: 1, from: expect.any(String), to: expect.any(String) })
    expect(test.warnings).toContain('a webhook endpoint has missed events')
  })
})
