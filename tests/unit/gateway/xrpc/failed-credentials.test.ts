import { describe, expect, it } from 'vitest'
import { clientAddress } from '#src/gateway/http/client-address.ts'
import { Leases } from '#src/gateway/xrpc/leases.ts'
import { rateLimits } from '#src/gateway/xrpc/rate-limits.ts'
import { lease, openLimiter } from '#src/limits/limiter.ts'
import { TestClock } from '#tests/support/empty-account.ts'
import { asAdmin, did, moderationServiceDid, openGateway } from '#tests/support/gateway.ts'
import { signToken } from '#tests/support/session-tokens.ts'

/** A gateway with rate limits; `ask` calls it from an address and returns the status. */
function open() {
  const clock = new TestClock()
  const limiter = openLimiter({ clock })
  const leases = new Leases({
    ...{ clock, onFailure: () => {} },
    send: (requests, unspent) => lease(limiter, { requests, unspent }),
  })
  const limits = rateLimits({
    ...{ leases, addressOf: clientAddress([]), onRefused: () => {} },
    ...{ bypassKey: undefined, bypassIps: ['192.0.2.0/24'] },
  })
  const resolved: string[] = []
  const gateway = openGateway({}, { rateLimits: limits })
  gateway.server.resolver.resolve = async (name) => void resolved.push(name) as undefined
  const waits: (string | null)[] = []
  const ask = async (path: string, headers: Record<string, string>, from = '203.0.113.7') => {
    const incoming = { socket: { remoteAddress: from }, headers }
    const response = await gateway.app.request(path, { headers }, { incoming })
    if (response.status === 429) waits.push(response.headers.get('retry-after'))
    return response.status
  }
  return { ask, waits, clock, resolved }
}

const times = <T>(n: number, work: () => Promise<T>) => Promise.all(Array.from({ length: n }, work))
const info = `/xrpc/com.atproto.admin.getAccountInfos?dids=${did}`

describe('the admin password', () => {
  it.each([info, '/metrics', '/xrpc/_admin/status', '/xrpc/_admin/checks', '/admin/handle-rules'])(
    'the admin password may be wrong 30 times in five minutes at %s, then even a right one is 429 with Retry-After',
    async (path) => {
      const { ask, clock, waits } = open()
      const wrong = await times(40, () => ask(path, asAdmin('guess')))
      expect(wrong.filter((status) => status === 401)).toHaveLength(30)
      expect(wrong.filter((status) => status === 429)).toHaveLength(10)
      expect(await ask(path, asAdmin())).toBe(429)
      expect(waits).toEqual(Array(11).fill(expect.stringMatching(/^[1-9]\d*$/)))
      expect(await ask(path, asAdmin('guess'), '203.0.113.8')).toBe(401)
      clock.time += 5 * 60_000
      expect(await ask(path, asAdmin('guess'))).toBe(401)
    },
  )

  it('of guesses at the admin password that come at once, a right one after thirty wrong ones is 429, too', async () => {
    const { ask } = open()
    const guesses = [...Array.from({ length: 40 }, () => asAdmin('guess')), asAdmin()]
    const statuses = await Promise.all(guesses.map((headers) => ask('/metrics', headers)))
    expect(statuses.at(-1)).toBe(429)
    expect(statuses.filter((status) => status === 401)).toHaveLength(30)
  })

  it('the admin password is not counted if it is right, missing, or from an exempt address', async () => {
    const { ask } = open()
    await times(40, () => ask('/metrics', asAdmin()))
    await times(40, () => ask('/metrics', {}))
    expect(await ask('/metrics', asAdmin())).toBe(200)
    const exempt = await times(40, () => ask('/metrics', asAdmin('guess'), '192.0.2.1'))
    expect(new Set(exempt)).toEqual(new Set([401]))
  })
})

describe('a service token', () => {
  it('a service token that fails 100 times in five minutes is 429, and no more DIDs are resolved', async () => {
    const { ask, resolved } = open()
    const lxm = 'com.atproto.admin.getAccountInfos'
    const exp = 4_000_000_000
    const claims = { iss: moderationServiceDid, aud: 'did:web:localhost', exp, lxm }
    const token = signToken({ typ: 'JWT' }, claims, new TextEncoder().encode('no key of it'))
    const headers = { authorization: `Bearer ${token}` }
    const statuses = await times(120, () => ask(info, headers))
    expect(statuses.filter((status) => status === 401)).toHaveLength(100)
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
    const before = resolved.length
    expect(await ask(info, headers)).toBe(429)
    expect(resolved).toHaveLength(before)
    expect(await ask(info, asAdmin('guess'))).toBe(401)
  })

  it.each([
    ['a method about groups', 'dev.headwater.group.list', {}],
    ['any method with act-as', 'com.atproto.repo.listMissingBlobs', { 'act-as': did }],
  ])('a service token that fails too often is 429 at %s, too', async (_, lxm, more) => {
    const { ask } = open()
    const claims = { iss: did, aud: 'did:web:localhost', exp: 4_000_000_000, lxm }
    const token = signToken({ typ: 'JWT' }, claims, new TextEncoder().encode('no key of it'))
    const headers = { authorization: `Bearer ${token}`, ...more }
    const statuses = await times(120, () => ask(`/xrpc/${lxm}`, headers))
    expect(statuses.filter((status) => status === 429)).toHaveLength(20)
  })
  it('wrong API keys of tenants count as failed service tokens', async () => {
    const { ask } = open()
    const path = '/xrpc/dev.headwater.tenant.getTenant'
    const wrong = (key: string) => ask(path, { authorization: `Bearer ${key}` })
    const statuses = await times(60, () => wrong('hw_roomy_guess'))
    expect(new Set(statuses)).toEqual(new Set([401]))
    const more = await times(60, () => wrong('hw_second_guess'))
    expect(more.filter((status) => status === 429)).toHaveLength(20)
  })
})
