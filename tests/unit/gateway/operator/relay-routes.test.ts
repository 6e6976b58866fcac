import { expect, it } from 'vitest'
import { asAdmin, openGateway, outcome, post } from '#tests/support/gateway.ts'

const relay = 'https://relay.example.com'
const row = { relay, status: 'active', throttled: 43 }

function open() {
  const rows: unknown[] = []
  const limits: unknown[] = []
  const gateway = openGateway(
    {
      directory: {
        accounts: {
          count: () => ({ accounts: { active: 143, takendown: 1 }, reminders: 0 }),
          listCreated: (({ cursor }: { cursor?: string }) =>
            cursor === undefined
              ? {
                  cursor: '5::did:plc:c',
                  accounts: [
                    { did: 'did:plc:a', network: '203.0.113.0/24' },
                    { did: 'did:plc:b', network: '2001:db8:1::/48' },
                    { did: 'did:plc:c', network: null },
                  ],
                }
              : { accounts: [] }) as never,
        },
        relays: { listAccounts: ((filter: object) => ({ accounts: [filter] })) as never },
      },
    },
    {
      server: {
        relays: {
          relays: [relay],
          hostStatus: async () => ({ error: 'not asked', isReachable: true }),
          rows: async (here: number) => {
            rows.push(here)
            return [row]
          },
          setLimit: async (...input: unknown[]) => void limits.push(input),
        },
      } as never,
    },
  )
  const get = async (path: string) => {
    const response = await gateway.app.request(`/xrpc/_admin/${path}`, { headers: asAdmin() })
    return { status: response.status, body: (await response.json()) as Record<string, unknown> }
  }
  return { gateway, get, rows, limits }
}

it('the admin gets the relays with the counts and the policy that their operators ask for', async () => {
  const { gateway, get, rows } = open()
  for (const path of ['relays', `relay-accounts?relay=${relay}`, 'created-accounts']) {
    expect((await gateway.app.request(`/xrpc/_admin/${path}`)).status).toBe(401)
  }
  expect((await get('relays')).body).toEqual({
    hostname: 'localhost',
    accounts: { active: 143, takendown: 1 },
    policy: {
      inviteRequired: false,
      rateLimits: false,
      signUps: { perBlock: 20, perServer: 200 },
      contactEmail: null,
    },
    relays: [row],
  })
  expect(rows).toEqual([143])
})

it('the admin gets the accounts that a relay does not have as active, in bounded pages', async () => {
  const { get } = open()
  const { body } = await get(`relay-accounts?relay=${relay}&status=throttled&cursor=did:plc:a`)
  expect(body).toEqual({
    accounts: [{ url: relay, status: 'throttled', cursor: 'did:plc:a', limit: 100 }],
  })
  for (const limit of ['1001', '0', 'x']) {
    expect((await get(`relay-accounts?relay=${relay}&limit=${limit}`)).status, limit).toBe(400)
  }
  expect((await get('relay-accounts?relay=https://else.example.com')).status).toBe(400)
})

it('the admin may note what limit a relay has granted', async () => {
  const { gateway, limits } = open()
  expect((await post(gateway, '_admin/relay-limit', { relay, limit: 5 })).status).toBe(401)
  for (const limit of [1_000, null]) {
    const answer = await post(gateway, '_admin/relay-limit', { relay, limit }, asAdmin())
    expect(await answer.json()).toEqual({ relay, limit })
  }
  expect(limits).toEqual([
    [relay, 1_000],
    [relay, null],
  ])
  for (const body of [{ relay }, { limit: 5 }, { relay, limit: -1 }, { relay, limit: 1.5 }]) {
    const refused = post(gateway, '_admin/relay-limit', body, asAdmin())
    expect(await outcome(refused)).toMatchObject({ status: 400, error: 'InvalidRequest' })
  }
})

it('the admin gets the accounts that were created from some networks', async () => {
  const { get } = open()
  const didsOf = async (query: string) => {
    const { accounts, cursor } = (await get(`created-accounts?${query}`)).body
    return [...(accounts as { did: string }[]).map(({ did }) => did.slice(-1)), cursor]
  }
  expect(await didsOf('after=2026-01-01')).toEqual(['a', 'b', 'c', '5::did:plc:c'])
  expect(await didsOf('network=203.0.0.0/16')).toEqual(['a', '5::did:plc:c'])
  expect(await didsOf('network=203.0.113.0/24&network=2001:db8::/32')).toEqual([
    ...['a', 'b', '5::did:plc:c'],
  ])
  expect(await didsOf('cursor=5::did:plc:c')).toEqual([undefined])
})

it('a range smaller than a block, or no range, is refused: addresses are kept by block', async () => {
  const { get } = open()
  for (const network of ['203.0.113.7/32', '2001:db8::/64', '203.0.113.7', 'all']) {
    expect((await get(`created-accounts?network=${network}`)).status, network).toBe(400)
  }
  expect((await get('created-accounts?after=yesterday')).status).toBe(400)
})
