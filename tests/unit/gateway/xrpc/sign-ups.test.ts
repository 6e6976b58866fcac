import { expect, it } from 'vitest'
import { invalidRequest } from '#src/errors.ts'
import { type LifecyclePorts, openLifecycle } from '#src/gateway/open-lifecycle.ts'
import { Leases } from '#src/gateway/xrpc/leases.ts'
import { type SignUpBounds, signUps } from '#src/gateway/xrpc/sign-ups.ts'
import { lease, openLimiter } from '#src/limits/limiter.ts'
import { AccountCreationFixture } from '#tests/support/account-creation-fixture.ts'
import { TestClock } from '#tests/support/empty-account.ts'
import { addInviteCode } from '#tests/support/test-directory.ts'

const hour = 3_600_000
const refusal = {
  status: 429,
  error: 'RateLimitExceeded',
  headers: { 'retry-after': '3600' },
}

function open(bounds: SignUpBounds, { clock = new TestClock(), bypassIps = [] as string[] } = {}) {
  const limiter = openLimiter({ clock })
  const refused: string[] = []
  const leases = new Leases({
    send: (requests, unspent) => lease(limiter, { requests, unspent }),
    clock,
    onFailure: (error) => {
      throw error
    },
  })
  const onRefused = (limit: string) => refused.push(limit)
  return { clock, refused, ...signUps({ leases, bounds, bypassIps, clock, onRefused }) }
}

const create = async () => 'created'

it('an address block may create so many accounts in an hour, and then gets 429 with Retry-After', async () => {
  const { count, clock, refused } = open({ perBlock: 2, perServer: 0 })
  await count('203.0.113.7', create)
  await count('203.0.113.200', create)
  await expect(count('203.0.113.9', create)).rejects.toMatchObject(refusal)
  expect(refused).toEqual(['sign-ups-of-block'])
  expect(await count('203.0.114.7', create)).toBe('created')
  for (const address of ['2001:db8:1:1::1', '2001:db8:1:ffff::2']) await count(address, create)
  await expect(count('2001:db8:1:2::3', create)).rejects.toMatchObject({ status: 429 })
  expect(await count('2001:db8:2::1', create)).toBe('created')
  clock.time += hour
  expect(await count('203.0.113.9', create)).toBe('created')
})

it('all addresses together may create so many accounts in an hour', async () => {
  const { count, refused } = open({ perBlock: 20, perServer: 3 })
  for (let i = 0; i < 3; i++) await count(`203.0.${i}.7`, create)
  await expect(count('203.0.9.7', create)).rejects.toMatchObject(refusal)
  expect(refused).toEqual(['sign-ups'])
})

it('of many sign-ups at once no more succeed than may', async () => {
  const { count } = open({ perBlock: 20, perServer: 200 })
  const all = Array.from({ length: 50 }, (_, i) => count(`203.0.113.${i}`, create))
  const results = await Promise.allSettled(all)
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(20)
})

it('a sign-up that fails is not counted, nor one that the bound of the server refuses', async () => {
  const { count } = open({ perBlock: 2, perServer: 1 })
  const fail = () => Promise.reject(invalidRequest('Handle already taken: a.test'))
  for (let i = 0; i < 5; i++) await expect(count('203.0.113.7', fail)).rejects.toThrow('taken')
  expect(await count('203.0.113.7', create)).toBe('created')
  for (let i = 0; i < 5; i++) {
    await expect(count('203.0.113.7', create)).rejects.toMatchObject(refusal)
  }
})

it('addresses in PDS_RATE_LIMIT_BYPASS_IPS, and a bound of 0, refuse nothing', async () => {
  const exempt = open({ perBlock: 1, perServer: 1 }, { bypassIps: ['203.0.113.0/24'] })
  const unbounded = open({ perBlock: 0, perServer: 0 })
  for (const { count } of [exempt, unbounded]) {
    for (let i = 0; i < 5; i++) await count('203.0.113.7', create)
  }
})

it('a refused createAccount reserves nothing; one with an invite code or by the admin is not counted', async () => {
  const fixture = new AccountCreationFixture()
  const { directory, clock } = fixture
  const bounded = open({ perBlock: 1, perServer: 9 }, { clock })
  const ports = { ...fixture.ports(), signUps: bounded } as unknown as LifecyclePorts
  const { createAccount } = openLifecycle(ports)
  const signUp = (name: string, more: object = {}, requester?: { admin: true }) => {
    const input = { handle: `${name}.test`, email: `${name}@example.com`, password: 'x'.repeat(9) }
    return createAccount({ ...input, ...more } as never, requester as never, '203.0.113.7')
  }
  await signUp('amy')
  const before = fixture.calls.length
  await expect(signUp('ben')).rejects.toMatchObject({ status: 429 })
  const [reserved, sent] = ['reserve', 'send plc_operation']
  const made = fixture.calls.slice(before)
  expect(made.filter((call) => [reserved, sent].includes(call))).toEqual([])
  const inviteCode = await addInviteCode(directory, { useCount: 1 })
  await signUp('cat', { inviteCode })
  await expect(signUp('dan', { inviteCode: 'made-up' })).rejects.toMatchObject({
    error: 'InvalidInviteCode',
  })
  await signUp('eve', {}, { admin: true })
  const rows = await directory.sql.all('SELECT handle, network FROM account ORDER BY handle')
  expect(rows).toEqual([
    { handle: 'amy.test', network: '203.0.113.0/24' },
    { handle: 'cat.test', network: '203.0.113.0/24' },
    { handle: 'eve.test', network: null },
  ])
  await fixture.settled()
})
