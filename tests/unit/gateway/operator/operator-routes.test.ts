import { describe, expect, it } from 'vitest'
import { Health, type HealthPorts } from '#src/gateway/operator/health.ts'
import { asAdmin, did, openGateway, outcome, post } from '#tests/support/gateway.ts'

const log = {
  bounds: () => ({ first: 1, head: 7 }),
  size: () => ({ events: 6, oldestAt: Date.UTC(2026, 0, 2), added: 4, bytes: 4_096 }),
}
const counts = { accounts: { active: 3, takendown: 1 }, reminders: 2 }
const actors = {
  directory: { accounts: { count: () => counts }, settings: { put: () => {} } },
  sequencer: { log },
  account: {
    lifecycle: {
      announce: () => ({ events: ['#account'] }),
      changeState: (change: object) => ({ status: JSON.stringify(change) }),
    },
    factors: { removeAll: () => ({ removed: ['totp'] }) },
  },
}

const storage = {
  accountDb: true,
  sequencerDb: true,
  writable: true,
  blobs: true,
  complete: true,
}

describe('/xrpc/_health', () => {
  it('/xrpc/_health checks the storage only if asked to', async () => {
    const { app } = openGateway(actors)
    expect(await (await app.request('/xrpc/_health')).json()).toEqual({ version: '1.2.3' })
    const response = await app.request('/xrpc/_health?storage')
    expect(await response.json()).toEqual({ version: '1.2.3', status: 'ok', storage })
  })

  it('/xrpc/_health names the part of the storage that fails', async () => {
    const away = () => Promise.reject(new Error('gone'))
    const { app } = openGateway({ ...actors, sequencer: { log: { bounds: away } } })
    const response = await app.request('/xrpc/_health?storage')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({
      version: '1.2.3',
      status: 'degraded',
      storage: { ...storage, sequencerDb: false },
    })
  })
})

describe('the check of the storage', () => {
  const down = { put: () => Promise.reject(new Error('disk I/O error')) }

  it('/xrpc/_health?storage is degraded if a small write fails, although reads succeed', async () => {
    const directory = { ...actors.directory, settings: down }
    const { app } = openGateway({ ...actors, directory })
    const response = await app.request('/xrpc/_health?storage')
    // Reads go on, so it is no reason to take the server out of service.
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      status: 'degraded',
      storage: { accountDb: false },
    })
  })

  it('/xrpc/_health?storage is degraded if the disk is nearly full', async () => {
    let now = 0
    const { dispatch } = openGateway(actors).server
    const disk = { isLow: true }
    const ports = { dispatch, disk, clock: { now: () => now }, dataDirectory: '.' }
    const health = new Health(ports as unknown as HealthPorts)
    expect(await health.storage()).toEqual({ ...storage, writable: false })
    disk.isLow = false
    now = 5_000
    expect(await health.storage()).toEqual(storage)
  })

  it('the storage is written to once a minute at most while its disk has room', async () => {
    let now = 0
    const { server, calls } = openGateway(actors)
    const { dispatch } = server
    const ports = {
      dispatch,
      disk: { isLow: false },
      clock: { now: () => now },
      dataDirectory: '.',
    }
    const health = new Health(ports as unknown as HealthPorts)
    const writes = () => calls.filter(([name]) => name === 'settings.put').length
    for (; now < 60_000; now += 5_000) await health.storage()
    expect(writes()).toBe(1)
    await health.storage()
    expect(writes()).toBe(2)
  })
})

describe('/xrpc/_stats', () => {
  it('/xrpc/_stats has counts, and no names', async () => {
    const { app } = openGateway(actors)
    expect(await (await app.request('/xrpc/_stats')).json()).toMatchObject({
      status: 'ok',
      metrics: { hostedAccountCount: 3, totalAccountCount: 4 },
    })
  })

  it('/xrpc/_stats caches its counts, however often it is called', async () => {
    const { app, calls } = openGateway(actors)
    for (let i = 0; i < 5; i++) await app.request('/xrpc/_stats')
    const names = calls.map(([name]) => name).sort()
    expect(names).toEqual(['accounts.count', 'log.bounds', 'settings.put'])
  })

  it('/xrpc/_stats returns what is known if the directory is unreachable', async () => {
    const count = () => Promise.reject(new Error('gone'))
    const { app } = openGateway({
      ...actors,
      directory: { ...actors.directory, accounts: { count } },
    })
    expect(await (await app.request('/xrpc/_stats')).json()).toMatchObject({
      metrics: { hostedAccountCount: null, totalAccountCount: null },
    })
  })
})

describe('the admin routes', () => {
  it('/xrpc/_admin/status describes the server', async () => {
    const { app } = openGateway(actors)
    const response = await app.request('/xrpc/_admin/status', { headers: asAdmin() })
    expect(await response.json()).toMatchObject({
      accounts: { active: 3, takendown: 1 },
      release: 7,
      schemas: { account: 3 },
      accountsWithUndeliveredEvents: 2,
      sequencer: {
        currentSeq: 7,
        events: 6,
        oldestEvent: '2026-01-02T00:00:00.000Z',
        bytes: 4_096,
      },
      disk: { freeBytes: expect.any(Number) },
      store: { bytes: 5_000, walBytes: 300 },
      process: {
        accountsAwake: 0,
        maxAccountsAwake: 9,
        accountsPutToSleep: 0,
        outboxPendingEvents: 0,
      },
    })
  })

  it('the admin route announces an account again', async () => {
    const gateway = openGateway(actors)
    const answer = await post(gateway, '_admin/announce', { account: 'alice.test' }, asAdmin())
    expect(await answer.json()).toEqual({ did, events: ['#account'] })
  })

  it.each([
    ['suspend', true],
    ['unsuspend', false],
  ])('the admin route to %s an account', async (path, suspended) => {
    const tenantAccounts = { endSuspension: () => undefined }
    const gateway = openGateway({ ...actors, directory: { ...actors.directory, tenantAccounts } })
    const named = { account: 'alice.test' }
    const answer = await post(gateway, `_admin/${path}`, named, asAdmin())
    expect(await answer.json()).toEqual({ did, status: JSON.stringify({ suspended }) })
    expect(gateway.calls).toContainEqual(['tenantAccounts.endSuspension', { did }])
    expect((await post(gateway, `_admin/${path}`, named, asAdmin('guess'))).status).toBe(401)
  })

  it('the admin route removes the second factors of an account', async () => {
    const gateway = openGateway(actors)
    const named = { account: 'alice.test' }
    const answer = await post(gateway, '_admin/remove-factors', named, asAdmin())
    expect(await answer.json()).toEqual({ did, removed: ['totp'] })
    const guessed = post(gateway, '_admin/remove-factors', named, asAdmin('guess'))
    expect((await guessed).status).toBe(401)
  })

  it.each([
    [{ account: 'bob.test' }, 400, 'NotFound'],
    [{}, 400, 'InvalidRequest'],
    [null, 400, 'InvalidRequest'],
    [{ account: 'x'.repeat(5_000) }, 413, 'PayloadTooLarge'],
  ])('the admin route to announce rejects %j', async (body, status, error) => {
    const answer = await outcome(post(openGateway(actors), '_admin/announce', body, asAdmin()))
    expect(answer).toMatchObject({ status, error })
  })

  it('the admin routes require the admin password', async () => {
    const gateway = openGateway(actors)
    const wrong = asAdmin('guess')
    const announced = post(gateway, '_admin/announce', { account: 'alice.test' }, wrong)
    expect((await announced).status).toBe(401)
    for (const path of ['/xrpc/_admin/status', '/metrics']) {
      expect((await gateway.app.request(path)).status).toBe(401)
    }
    expect(gateway.calls).toEqual([])
  })
})

describe('health report', () => {
  it('the health report counts the accounts awake and their undelivered events', () => {
    const account = (backlog: number, privateBacklog = 0) => ({
      subject: { outbox: { backlog }, privateOutbox: { backlog: privateBacklog } },
    })
    const live = { list: () => [account(2), account(0, 1), account(4)], putToSleep: 4 }
    const ports = { live, maxAwakeAccounts: 5, clock: { now: () => 0 } }
    const health = new Health(ports as unknown as HealthPorts)
    expect(health.awake()).toEqual({ accounts: 3, max: 5, putToSleep: 4, backlog: 7 })
  })
})

describe('/metrics', () => {
  const status = async (headers: Record<string, string>, overrides = {}) =>
    (await openGateway({}, overrides).app.request('/metrics', { headers })).status

  it('/metrics requires the admin password, unless it is open', async () => {
    expect(await status(asAdmin())).toBe(200)
    expect(await status({})).toBe(401)
    expect(await status(asAdmin('guess'))).toBe(401)
    expect(await status({}, { metricsOpen: true })).toBe(200)
  })

  it('/metrics is closed if no admin password is configured', async () => {
    expect(await status(asAdmin('undefined'), { adminPassword: undefined })).toBe(401)
  })
})
