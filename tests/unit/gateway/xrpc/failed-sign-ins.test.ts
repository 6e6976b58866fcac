import { describe, expect, it } from 'vitest'
import { authRequired, invalidRequest, type XrpcError } from '#src/errors.ts'
import { failedSignIns } from '#src/gateway/xrpc/failed-sign-ins.ts'
import { Leases } from '#src/gateway/xrpc/leases.ts'
import { failedSignInLimit } from '#src/gateway/xrpc/rate-limit-policy.ts'
import { lease, openLimiter } from '#src/limits/limiter.ts'
import { TestClock } from '#tests/support/empty-account.ts'

const address = '203.0.113.7'
const wrong = () => Promise.reject(authRequired('Invalid identifier or password'))
const right = async () => 'signed in'

function open(bypassIps: string[] = []) {
  const clock = new TestClock()
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
  return { clock, refused, ...failedSignIns({ leases, clock, bypassIps, onRefused }) }
}

type Watch = ReturnType<typeof open>['watch']

async function fail(watch: Watch, from: string, times: number, signIn = wrong) {
  for (let i = 0; i < times; i++) await watch(from, signIn).catch(() => {})
}

describe('failed sign-ins by address', () => {
  it('a sign-in is refused with 429 once 100 from its address have failed within five minutes, and then accepted again', async () => {
    const { watch, clock, refused } = open()
    await fail(watch, address, 99)
    expect(await watch(address, right)).toBe('signed in')
    await fail(watch, address, 1)
    await expect(watch(address, right)).rejects.toMatchObject({
      status: 429,
      error: 'RateLimitExceeded',
      headers: { 'retry-after': '300' },
    })
    expect(refused).toEqual([failedSignInLimit.name])
    expect(await watch('203.0.113.8', right)).toBe('signed in')
    clock.time += 5 * 60_000
    expect(await watch(address, right)).toBe('signed in')
  })

  it('of 200 wrong passwords that one address tries at once, 100 are checked, and the others are 429', async () => {
    const { watch } = open()
    let checked = 0
    const attempts = Array.from({ length: 200 }, () =>
      watch(address, async () => {
        checked++
        await new Promise(setImmediate)
        return wrong()
      }).catch((error: XrpcError) => error.status),
    )
    const statuses = await Promise.all(attempts)
    expect(checked).toBe(100)
    expect(statuses.filter((status) => status === 429)).toHaveLength(100)
  })

  it('all of 250 sign-ins of one address at once succeed if they are right, also after 99 failures', async () => {
    const { watch, refused } = open()
    await fail(watch, address, 99)
    const attempts = Array.from({ length: 250 }, () => watch(address, right))
    expect(new Set(await Promise.all(attempts))).toEqual(new Set(['signed in']))
    expect(refused).toEqual([])
    await fail(watch, address, 1)
    await expect(watch(address, right)).rejects.toMatchObject({ status: 429 })
  })

  it('sign-ins that wait for the last points of their address are refused when those have failed', async () => {
    const { watch, refused } = open()
    await fail(watch, address, 99)
    const last = Promise.withResolvers<string>()
    const failing = watch(address, () => last.promise)
    const waiting = [watch(address, right), watch(address, right)]
    const outcomes = Promise.allSettled([failing, ...waiting])
    await new Promise(setImmediate)
    last.reject(authRequired('Invalid identifier or password'))
    expect((await outcomes).map((outcome) => 'reason' in outcome && outcome.reason.status)).toEqual(
      [401, 429, 429],
    )
    expect(refused).toHaveLength(2)
  })

  it('a refused sign-in is not run', async () => {
    const { watch } = open()
    await fail(watch, address, 101)
    let ran = false
    await watch(address, async () => {
      ran = true
    }).catch(() => {})
    expect(ran).toBe(false)
  })

  it('sign-ins that succeed, that lack the second factor, or that fail otherwise are not counted', async () => {
    const { watch } = open()
    for (let i = 0; i < 150; i++) await watch(address, right)
    const needed = authRequired('A code is needed', 'AuthFactorTokenRequired')
    await fail(watch, address, 150, () => Promise.reject(needed))
    await fail(watch, address, 150, () => Promise.reject(invalidRequest('Malformed')))
    expect(await watch(address, right)).toBe('signed in')
  })

  it('failures of all addresses of an IPv6 /64 count together', async () => {
    const { watch } = open()
    await fail(watch, '2001:db8::1', 101)
    await expect(watch('2001:db8::2', right)).rejects.toMatchObject({ status: 429 })
  })

  it('failures from an exempt address are not counted', async () => {
    const { watch } = open(['203.0.113.0/24'])
    await fail(watch, address, 150)
    expect(await watch(address, right)).toBe('signed in')
  })
})
