/** The server and its engine are killed during an import or a deletion: it is complete, or nothing has happened. */
import { AtpAgent } from '@atproto/api'
import { expect, it } from 'vitest'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { genesisOperation } from '#src/protocol/plc-operation.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { carType, createMigratedAccount } from '#tests/support/migration-steps.ts'
import { foreignRepo } from '#tests/support/repo-cars.ts'
import { startResolvableServer } from '#tests/support/resolvable-server.ts'
import { adminPassword, createTestAccount, type TestServer } from '#tests/support/server.ts'
import { call } from '#tests/support/xrpc-call.ts'

const thing = 'com.example.thing'
const admin = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`

const rounds = Number(process.env['FAULT_ROUNDS'] ?? 1)
const WAIT = { timeout: 60_000 }

async function kill(server: TestServer): Promise<void> {
  process.kill(server.enginePid, 'SIGKILL')
  await server.kill9()
  await server.restart()
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Starts each of `calls` so many ms before the kill, and kills; resolves with which of them were acknowledged. */
async function killDuring(
  server: TestServer,
  calls: { send: () => Promise<boolean>; ms: number }[],
): Promise<boolean[]> {
  const longest = Math.max(...calls.map(({ ms }) => ms))
  const sent = calls.map(async ({ send, ms }) => {
    await pause(longest - ms)
    return await send().catch(() => false)
  })
  await pause(longest)
  await kill(server)
  return await Promise.all(sent)
}

/** An account that moves here from another server, with its signing key there. */
async function createMover(server: TestServer, plcUrl: string, name: string) {
  const { key } = newSigningKey()
  const handle = `${name}.test`
  const identity = { handle, pds: 'https://elsewhere.example.com' }
  const genesis = { ...identity, signingKey: key.did(), rotationKeys: [key.did()] }
  const { did, op } = await genesisOperation(genesis, key)
  await fetch(`${plcUrl}/${did}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(op),
  })
  const iat = Math.floor(Date.now() / 1000)
  const lxm = 'com.atproto.server.createAccount'
  const claims = { iss: did, aud: 'did:web:localhost', lxm, iat, exp: iat + 60, jti: name }
  const input = { did, handle, email: `${name}@example.com`, password: 'secret of the mover' }
  const agent = await createMigratedAccount(server, createServiceToken(claims, key), input)
  return { agent, did, key }
}

it('kill -9 during importRepo leaves the old repo or the new one', async () => {
  const { server, plcUrl } = await startResolvableServer()
  await using _ = server
  const records = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, n) => [
      `${thing}/k${n}`,
      { $type: thing, n, text: 'x'.repeat(500) },
    ]),
  )
  const movers = await Promise.all(
    [30, 200, 600].map(async (ms, i) => {
      const { agent, did, key } = await createMover(server, plcUrl, `mover${i}`)
      const { car } = foreignRepo({ did, signer: key, records })
      const send = () =>
        agent.com.atproto.repo.importRepo(car, { encoding: carType }).then(() => true)
      const status = async () => {
        const { data } = await agent.com.atproto.server.checkAccountStatus()
        return data.indexedRecords
      }
      return { ms, send, status }
    }),
  )
  for (let round = 0; round < rounds; round++) {
    const isAcknowledged = await killDuring(server, movers)
    for (const [i, { status }] of movers.entries()) {
      await expect.poll(status, WAIT).toBeTypeOf('number')
      expect(isAcknowledged[i] ? [5_000] : [0, 5_000]).toContain(await status())
    }
  }
  for (const { send, status } of movers) {
    await send()
    expect(await status()).toBe(5_000)
  }
})

it('kill -9 during a deletion: an acknowledged deletion leaves nothing, and any other leaves a whole account', async () => {
  const { server } = await startResolvableServer()
  await using _ = server
  for (let round = 0; round < rounds; round++) {
    // The first deletion is sent early, so that it is likely to be acknowledged.
    const accounts = await Promise.all(
      [3_000, 60, 20, 5, 0].map(async (ms, i) => {
        const name = `deleted${round}x${i}`
        const { did, agent } = await createTestAccount(server, name)
        const record = { $type: thing }
        await agent.com.atproto.repo.createRecord({ repo: did, collection: thing, record })
        const send = async () =>
          (await call(server, 'admin.deleteAccount', { body: { did }, as: admin })).status === 200
        return { ms, name, did, agent, send }
      }),
    )
    const isAcknowledged = await killDuring(server, accounts)
    await Promise.all(
      accounts.map((account, i) => expectWholeOrGone(server, account, isAcknowledged[i]!)),
    )
  }
})

async function expectWholeOrGone(
  server: TestServer,
  { name, did, agent }: { name: string; did: string; agent: AtpAgent },
  isDeletionAcknowledged: boolean,
): Promise<void> {
  const state = async () => {
    const { body } = await call(server, 'sync.getRepoStatus', { query: { did } })
    const { error, active } = body as { error?: string; active?: boolean }
    return error ?? (active ? 'active' : 'inactive')
  }
  await expect.poll(state, WAIT).toMatch(/^(RepoNotFound|active)$/)
  if ((await state()) === 'active') {
    expect(isDeletionAcknowledged).toBe(false)
    const { data } = await agent.com.atproto.repo.listRecords({ repo: did, collection: thing })
    expect(data.records).toHaveLength(1)
    return
  }
  // The clean-up ends the deletion, and frees the name.
  const input = { handle: `${name}.test`, email: `${name}@example.com`, password: 'another one' }
  const create = () =>
    new AtpAgent({ service: server.url }).createAccount(input).then(
      ({ data }) => data.handle,
      ({ message }) => message,
    )
  await expect.poll(create, { timeout: 90_000, interval: 1_000 }).toBe(input.handle)
}
