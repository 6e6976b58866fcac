import { expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { type CheckPorts, serverChecks } from '#src/gateway/operator/checks.ts'
import { englishWords } from '#src/gateway/pages/operator/alerts/alert-words.ts'
import { asAdmin, openGateway, post } from '#tests/support/gateway.ts'

const GB = 1024 ** 3
const did = 'did:plc:amy'
const active = { did, handle: 'amy.example.com', status: 'active' }

interface Given {
  hostname?: string
  free?: number
  folder?: string
  mail?: () => Promise<void>
  rotationKeys?: string[]
  relays?: Record<
    string,
    { seq?: number; status?: string; error?: string; warning?: string; throttled?: number }
  >
  accounts?: object[]
}

function ports(given: Given): CheckPorts {
  const { relays = { 'https://relay': { seq: 5e6, status: 'active' } } } = given
  const document = {
    id: did,
    verificationMethod: [
      {
        id: `${did}#atproto`,
        type: 'Multikey',
        controller: did,
        publicKeyMultibase: 'zQ3shQo6TF2moaqMTrUZEM1jeuYRQXeHEx4evX9751y2qPqRA',
      },
    ],
  }
  const current = 'did:key:zQ3shQo6TF2moaqMTrUZEM1jeuYRQXeHEx4evX9751y2qPqRA'
  return {
    server: {
      service: { hostname: given.hostname ?? 'pds.example.com' },
      mailer: {
        check: given.mail ?? (async () => {}),
        ...(given.folder !== undefined && { folder: given.folder }),
      },
      relays: {
        relays: Object.keys(relays),
        hostStatus: async (relay: string) => relays[relay],
        rows: async () =>
          Object.entries(relays).map(([relay, { warning, throttled }]) => ({
            ...{ relay, warning, throttled },
          })),
      },
      dispatch: {
        directory: { accounts: { list: async () => ({ accounts: given.accounts ?? [active] }) } },
        account: () => ({ keys: { getSigningKeyDids: async () => ({ current, pending: null }) } }),
      },
      identity: {
        plc: { getDocumentData: async () => ({ rotationKeys: given.rotationKeys ?? ['ours'] }) },
        credentials: { rotationKeyDid: 'ours' },
      },
      resolver: { resolve: async () => document },
    },
    health: {
      storage: async () => ({ accountDb: true, sequencerDb: true, writable: true, blobs: true }),
      freeBytes: async () => given.free ?? 20 * GB,
      head: async () => 5e6,
      counts: async () => ({ accounts: { active: 3 }, reminders: 0 }),
    },
  } as unknown as CheckPorts
}

const problems = async (given: Given) =>
  Object.fromEntries(
    (await serverChecks(ports(given), englishWords))
      .filter(({ ok }) => !ok)
      .map(({ check, detail, advice }) => [check, `${detail} → ${advice}`]),
  )

it('a server with everything it needs has no problem', async () => {
  expect(await problems({})).toEqual({})
})

it('little free space is a problem', async () => {
  expect((await problems({ free: GB / 2 }))['disk']).toMatch(/^0.5 GB free .* make room/)
})

it('a public server without a mail server is a problem, a development server is not', async () => {
  const folder = '/data/mail'
  expect((await problems({ folder }))['mail']).toContain('set PDS_EMAIL_SMTP_URL')
  expect(await problems({ folder, hostname: 'localhost', relays: {} })).toEqual({})
})

it('a mail server that refuses the login is a problem, with its reason', async () => {
  const mail = () => Promise.reject(new Error('535 wrong password'))
  expect((await problems({ mail }))['mail']).toContain('535 wrong password')
})

it('a rotation key that the PLC directory does not list is a problem', async () => {
  expect((await problems({ rotationKeys: ['another'] }))['keys']).toContain(
    'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
  )
  expect(await problems({ rotationKeys: ['another'], accounts: [] })).toEqual({})
})

it('relays that do not know the server, ban it, or are far behind are problems', async () => {
  const relays = {
    'https://away': { error: 'it cannot be reached' },
    'https://banned': { status: 'banned' },
    'https://late': { seq: 5e6 - 4000e6, status: 'active' },
    'https://good': { seq: 5e6, status: 'active' },
    'https://full': { seq: 5e6, status: 'active', warning: 'throttled', throttled: 43 },
  }
  const found = await problems({ relays })
  expect(Object.keys(found)).toEqual([
    'relay https://away',
    'relay https://banned',
    'relay https://late',
    'relay https://full',
  ])
  expect(found['relay https://late']).toContain('headwater request-crawl https://late')
  expect(found['relay https://full']).toBe(
    'Accounts throttled there: 43. What they write is not passed on. → headwater relays request',
  )
  expect((await problems({ relays: {} }))['relays']).toContain('set PDS_CRAWLERS')
})

it('the checks and the test mail are for the admin, who gets the reason of a mail server', async () => {
  const gateway = openGateway({
    directory: { settings: { get: () => null, put: () => undefined } },
    sequencer: { log: { bounds: () => ({ first: 1, head: 7 }) } },
  })
  const { app, server } = gateway
  expect((await app.request('/xrpc/_admin/checks')).status).toBe(401)
  expect((await post(gateway, '_admin/test-mail', { to: 'a@example.com' })).status).toBe(401)
  const checks = await app.request('/xrpc/_admin/checks', { headers: asAdmin() })
  expect(await checks.json()).toMatchObject({ hostname: 'localhost', development: true })
  const failure = Object.assign(new XrpcError(502, 'UpstreamFailure', 'not sent'), {
    cause: new Error('550 no such sender'),
  })
  server.mailer.send = () => Promise.reject(failure)
  const answer = await post(gateway, '_admin/test-mail', { to: 'a@example.com' }, asAdmin())
  expect(await answer.json()).toMatchObject({ message: '550 no such sender' })
  expect((await post(gateway, '_admin/test-mail', { to: 'a' }, asAdmin())).status).toBe(400)
})
