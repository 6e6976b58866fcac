import { beforeEach, expect, it } from 'vitest'
import { beginKeyedCall, endKeyedCall } from '#src/tenants/idempotency.ts'
import { type TestTenant, testTenant } from '#tests/support/test-tenant.ts'

const answer = Uint8Array.of(1, 2, 3)
let tenant: TestTenant

beforeEach(() => {
  tenant = testTenant()
})

const begin = (call: string, bodyHash = 'body', key = 'key') =>
  beginKeyedCall(tenant, { key, call, bodyHash })

it('a key gives the answer of its first call for 24 hours', async () => {
  expect(await begin('a')).toEqual({ type: 'begun' })
  await endKeyedCall(tenant, { key: 'key', call: 'a', answer })
  tenant.clock.time += 24 * 3_600_000 - 1
  expect(await begin('b')).toEqual({ type: 'done', answer })
  tenant.clock.time += 1
  expect(await begin('c')).toEqual({ type: 'begun' })
})

it('a key that is in use is refused to another call, and not to the same one', async () => {
  await begin('a')
  expect(await begin('a')).toEqual({ type: 'begun' })
  expect(await begin('b')).toEqual({ type: 'running' })
  expect(await begin('b', 'body', 'other')).toEqual({ type: 'begun' })
})

it('a key is refused for another body, while the call runs and after it', async () => {
  await begin('a')
  expect(await begin('b', 'other body')).toEqual({ type: 'mismatch' })
  await endKeyedCall(tenant, { key: 'key', call: 'a', answer })
  expect(await begin('c', 'other body')).toEqual({ type: 'mismatch' })
})

it('a call that failed, or was lost with its process, can be made again with its key', async () => {
  await begin('a')
  await endKeyedCall(tenant, { key: 'key', call: 'a' })
  expect(await begin('b')).toEqual({ type: 'begun' })
  tenant.clock.time += 60_000
  expect(await begin('c')).toEqual({ type: 'begun' })
  // The lost call has not ended after all, but its answer does not count any more.
  await endKeyedCall(tenant, { key: 'key', call: 'b', answer: Uint8Array.of(9) })
  await endKeyedCall(tenant, { key: 'key', call: 'b' })
  expect(await begin('d')).toEqual({ type: 'running' })
})
