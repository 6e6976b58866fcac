/**
 * The server and its engine are killed at random moments of createAccount, activateAccount and a key rotation: each is
 * complete, or nothing has happened.
 */
import { AtpAgent } from '@atproto/api'
import { IdResolver } from '@atproto/identity'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { adminAuthorization } from '#tests/support/moderated-server.ts'
import { type PlcProxy, startPlcProxy } from '#tests/support/plc-proxy.ts'
import { thing } from '#tests/support/records.ts'
import { createTestAccount, startServer, type TestServer } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'
import { call } from '#tests/support/xrpc-call.ts'
import { migrateIn } from '../../bench/compare/external-account.ts'
import { RecordingClient } from '../../bench/compare/recording-client.ts'
import { type Services, startServices } from '../../bench/compare/services.ts'

const rounds = Number(process.env['FAULT_ROUNDS'] ?? 1)
const WAIT = { timeout: 60_000, interval: 200 }

let plc: PlcProxy
let services: Services
let server: TestServer
let resolver: IdResolver
beforeAll(async () => {
  plc = await startPlcProxy()
  services = await startServices()
  server = await startServer({ env: { PDS_DID_PLC_URL: plc.url } })
  resolver = new IdResolver({ plcUrl: plc.url, fetch: globalThis.fetch })
})
afterAll(async () => {
  await server?.remove()
  await services?.[Symbol.asyncDispose]()
  await plc?.[Symbol.asyncDispose]()
})

/**
 * Starts a call, kills everything within `ms`, and starts again; returns whether the call was acknowledged.
 */
async function cutShort(what: () => Promise<unknown>, ms: number): Promise<boolean> {
  const done = what().then(
    () => true,
    () => false,
  )
  await new Promise((resolve) => setTimeout(resolve, Math.random() * ms))
  process.kill(server.enginePid, 'SIGKILL')
  await server.kill9()
  await server.restart()
  return done
}

/** The events of every new account, once and in this order. */
const initialState = ['#identity', '#account', '#commit', '#sync']

async function expectWhole(did: string, records: number): Promise<void> {
  const key = await resolver.did.resolveAtprotoKey(did, true)
  const { data } = await new AtpAgent({ service: server.url }).com.atproto.sync.getRepo({ did })
  expect((await verifiedRepo(data, { did, key })).records.size).toBe(records)
}

it('kill -9 during createAccount: an acknowledged account exists, and no account is incomplete', async () => {
  let whole = 0
  let nothing = 0
  for (let round = 0; round < rounds; round++) {
    const names = ['ann', 'ben', 'cleo'].map((name) => `${name}${round}`)
    const create = (name: string) => createTestAccount(server, name)
    const outcomes: (string | undefined)[] = []
    await cutShort(async () => {
      const made = names.map((name, i) =>
        create(name).then(({ did }) => {
          outcomes[i] = did
        }),
      )
      await Promise.allSettled(made)
    }, 400)
    for (const [i, name] of names.entries()) {
      const body = { identifier: `${name}.test`, password: `password-of-${name}` }
      const logIn = () => call(server, 'server.createSession', { body })
      await expect.poll(async () => (await logIn()).status, WAIT).toBeLessThan(500)
      const answer = await logIn()
      if (answer.status !== 200) {
        // Its names stay reserved for five minutes; there is no account.
        expect([outcomes[i], answer.status]).toEqual([undefined, 401])
        const query = { handle: `${name}.test` }
        const resolved = await call(server, 'identity.resolveHandle', { query })
        expect(resolved.error).toBe('HandleNotFound')
        nothing++
        continue
      }
      const { did } = answer.body as { did: string }
      if (outcomes[i] !== undefined) expect(did).toBe(outcomes[i])
      whole++
      await expectWhole(did, 0)
      using relay = new Subscription(server, 0)
      await expect
        .poll(() => relay.eventsOf(did).map(({ kind }) => kind), WAIT)
        .toEqual(initialState)
    }
    // Nothing incomplete blocks later accounts.
    await createTestAccount(server, `after${round}`)
  }
  expect(whole + nothing).toBe(3 * rounds)
  process.stdout.write(`kill -9 in createAccount: ${whole} whole, ${nothing} nothing
`)
})

it('kill -9 during activateAccount: repeated, the account is active, and relays can verify it', async () => {
  for (let round = 0; round < rounds; round++) {
    const pages = new RecordingClient(
      { name: 'headwater', url: server.url, plcUrl: plc.url },
      services,
    )
    const { account, did, updateDid } = await migrateIn(pages, `mover${round}`)
    const ask = (method: string) => pages.prepare(`com.atproto.${method}`, { as: account.access })
    const { body: advice } = await ask('identity.getRecommendedDidCredentials')
    const own = await fetch(`${plc.url}/${did}/data`).then((answer) => answer.json())
    const { rotationKeys } = own as { rotationKeys: string[] }
    await updateDid({ ...advice, rotationKeys: [...rotationKeys, ...advice.rotationKeys] })
    const activate = () =>
      pages.prepare('com.atproto.server.activateAccount', { as: account.access, verb: 'POST' })
    const isAcknowledged = await cutShort(activate, 60)
    const isActive = async () => {
      const { body } = await pages.request('com.atproto.sync.getRepoStatus', { query: { did } })
      return body.active
    }
    if (isAcknowledged) await expect.poll(isActive, WAIT).toBe(true)
    await expect
      .poll(
        () =>
          activate().then(
            () => true,
            () => false,
          ),
        WAIT,
      )
      .toBe(true)
    expect(await isActive()).toBe(true)
    await expectWhole(did, 1)
    using relay = new Subscription(server, 0)
    const kinds = () => relay.eventsOf(did).map(({ kind }) => kind)
    // Each activation emits all three; there are no events of the account before.
    await expect.poll(() => kinds().slice(-3), WAIT).toEqual(['#account', '#identity', '#sync'])
    expect(kinds().slice(0, 3)).toEqual(['#account', '#identity', '#sync'])
    await pages.close()
  }
})

it('kill -9 during a key rotation: repeated, it is complete, and everything is signed with the new key', async () => {
  for (let round = 0; round < rounds; round++) {
    const { did, agent } = await createTestAccount(server, `turner${round}`)
    const record = { $type: thing }
    const write = () =>
      agent.com.atproto.repo.createRecord({ repo: did, collection: thing, record })
    await write()
    const { data } = await agent.com.atproto.server.reserveSigningKey({ did })
    const { signingKey } = data
    const rotate = async () => {
      const body = { did, signingKey }
      const { status } = await call(server, 'admin.updateAccountSigningKey', {
        body,
        as: adminAuthorization,
      })
      if (status !== 200) throw new Error(String(status))
    }
    await cutShort(rotate, 120)
    await expect
      .poll(
        () =>
          rotate().then(
            () => true,
            () => false,
          ),
        WAIT,
      )
      .toBe(true)
    expect(await resolver.did.resolveAtprotoKey(did, true)).toBe(signingKey)
    await write()
    await expectWhole(did, 2)
    using relay = new Subscription(server, 0)
    const kinds = () => relay.eventsOf(did).map(({ kind }) => kind)
    await expect.poll(() => kinds().at(-1), WAIT).toBe('#commit')
    expect(kinds().slice(0, 5)).toEqual([...initialState, '#commit'])
    expect(kinds().slice(-3)).toEqual(['#identity', '#sync', '#commit'])
  }
})
