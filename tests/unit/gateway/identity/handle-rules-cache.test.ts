import { describe, expect, it } from 'vitest'
import { reserveAccount } from '#src/directory/reservations.ts'
import { getHandleRules, hasHandlesUnder, putSetting } from '#src/directory/settings.ts'
import { noHandleSettings } from '#src/gateway/identity/handle-rules.ts'
import { HandleRulesCache } from '#src/gateway/identity/handle-rules-cache.ts'
import { TestClock } from '#tests/support/empty-account.ts'
import { asAdmin, openGateway, outcome } from '#tests/support/gateway.ts'
import { newKey, type TestDirectory, testDirectory } from '#tests/support/test-directory.ts'

function open(directory: TestDirectory): HandleRulesCache {
  const settings = {
    getHandleRules: (input: { name: string }) => getHandleRules(directory, input),
    put: (input: { name: string; value: string }) => putSetting(directory, input),
    hasHandlesUnder: (input: { suffix: string }) => hasHandlesUnder(directory, input),
  }
  const dispatch = { directory: { settings } }
  return new HandleRulesCache({ dispatch, clock: directory.clock, domains: ['.test'] })
}

describe('HandleRulesCache', () => {
  it("a change of the handle rules reaches other gateways within the cache's time", async () => {
    const directory = testDirectory()
    const [here, there] = [open(directory), open(directory)]
    expect((await there.rules()).domains).toEqual(['.test'])
    await here.change({ ...noHandleSettings, domains: ['.example.com'], reserved: ['boss'] })
    expect((await here.rules()).domains).toEqual(['.test', '.example.com'])
    expect((await there.rules()).domains).toEqual(['.test'])
    directory.clock.time += 10_000
    expect((await there.rules()).domains).toEqual(['.test', '.example.com'])
    expect((await there.rules()).isReserved('boss')).toBe(true)
  })

  it('the cached handle rules are used while the directory is unreachable', async () => {
    const directory = testDirectory()
    const known = open(directory)
    const away = testDirectory()
    away.sql.close()
    expect((await open(away).rules()).domains).toEqual(['.test'])
    await known.change({ ...noHandleSettings, reserved: ['boss'] })
    directory.sql.close()
    directory.clock.time += 10_000
    expect((await known.rules()).isReserved('boss')).toBe(true)
    await expect(known.settings()).rejects.toThrow()
  })

  it('a failed read of the handle rules is not repeated for each call, and calls do not wait for the next one', async () => {
    const clock = new TestClock()
    const reads: PromiseWithResolvers<{ value: string; domains: [] }>[] = []
    const getHandleRules = () => {
      reads.push(Promise.withResolvers())
      return reads.at(-1)!.promise
    }
    const settings = { getHandleRules, put: async () => {}, hasHandlesUnder: async () => false }
    const dispatch = { directory: { settings } }
    const known = new HandleRulesCache({ dispatch, clock, domains: ['.test'] })
    const resolve = (value: object) =>
      reads.at(-1)!.resolve({ value: JSON.stringify(value), domains: [] })
    const fail = async () => {
      const rules = known.rules()
      reads.at(-1)!.reject(new Error('away'))
      return rules
    }
    expect((await fail()).domains).toEqual(['.test'])
    await known.rules()
    expect(reads).toHaveLength(1)
    clock.time += 1_000
    const first = known.rules()
    resolve({ ...noHandleSettings, reserved: ['boss'] })
    expect((await first).isReserved('boss')).toBe(true)
    clock.time += 10_000
    expect((await fail()).isReserved('boss')).toBe(true)
    clock.time += 10_000
    expect((await known.rules()).isReserved('boss')).toBe(true)
    expect(reads).toHaveLength(4)
    resolve(noHandleSettings)
    await expect.poll(async () => (await known.rules()).isReserved('boss')).toBe(false)
  })

  it('a domain cannot be removed while accounts have handles under it', async () => {
    const directory = testDirectory()
    const known = open(directory)
    await known.change({ ...noHandleSettings, domains: ['.example.com', '.example.org'] })
    const alice = { did: 'did:plc:alice', handle: 'alice.example.com', email: 'a@example.com' }
    await reserveAccount(directory, { ...alice, ...newKey })
    await known.change({ ...noHandleSettings, domains: ['.example.com'] })
    await expect(known.change(noHandleSettings)).rejects.toMatchObject({
      status: 400,
      message: 'Accounts have handles under .example.com',
    })
    expect((await known.rules()).domains).toEqual(['.test', '.example.com'])
  })
})

describe('/admin/handle-rules', () => {
  const put = (body: string, headers: Record<string, string> = asAdmin()) =>
    openGateway().app.request('/admin/handle-rules', {
      method: 'PUT',
      body,
      headers: { ...headers, 'content-length': String(body.length) },
    })

  it('/admin/handle-rules requires the admin password', async () => {
    const { app } = openGateway()
    expect((await app.request('/admin/handle-rules')).status).toBe(401)
    expect((await put('{}', {})).status).toBe(401)
    const response = await app.request('/admin/handle-rules', { headers: asAdmin() })
    expect(await response.json()).toEqual(noHandleSettings)
  })

  it('/admin/handle-rules stores valid rules, and rejects others', async () => {
    const response = await put('{"reserved":["boss"]}')
    expect(await response.json()).toEqual({ ...noHandleSettings, reserved: ['boss'] })
    for (const body of ['', '[]', '{"domains":["example.com"]}', '{"other":[]}']) {
      expect(await outcome(put(body)), body).toMatchObject({ status: 400, error: 'InvalidRequest' })
    }
    const headers = { ...asAdmin(), 'content-length': '600000' }
    const { app } = openGateway()
    const long = app.request('/admin/handle-rules', { method: 'PUT', body: '{}', headers })
    expect(await outcome(Promise.resolve(long))).toMatchObject({ status: 413 })
  })

  it('/admin/handle-rules takes a chunked body', async () => {
    const response = await openGateway().app.request('/admin/handle-rules', {
      method: 'PUT',
      body: '{"reserved":["boss"]}',
      headers: { ...asAdmin(), 'transfer-encoding': 'chunked' },
    })
    expect(await response.json()).toMatchObject({ reserved: ['boss'] })
  })
})
