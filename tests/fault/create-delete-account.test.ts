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

async function kill(server: TestServer): Promise<void> {
  process.kill(server.enginePid, 'SIGKILL')
  await server.kill9()
  await server.restart()
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

it('kill -9 during importRepo leaves the old repo or the new one', async () => {
  const { server, plcUrl } = await startResolvableServer()
  await using _ = server
  const { key } = newSigningKey()
  const identity = { handle: 'mover.test', pds: 'https://elsewhere.example.com' }
  const genesis = { ...identity, signingKey: key.did(), rotationKeys: [key.did()] }
  const { did, op } = await genesisOperation(genesis, key)
  await fetch(`${plcUrl}/${did}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(op),
  })
  const iat = Math.floor(Date.now() / 1000)
  const lxm = 'com.atproto.server.createAccount'
  const claims = { iss: did, aud: 'did:web:localhost', lxm, iat, exp: iat + 60, jti: 'one' }
  const password = 'secret of the mover'
  const input = { did, handle: 'mover.test', email: 'mover@example.com', password }
  const agent = await createMigratedAccount(server, createServiceToken(claims, key), input)
  const records = Object.fromEntries(
    Array.from({ length: 5_000 }, (_, n) => [
      `${thing}/k${n}`,
      { $type: thing, n, text: 'x'.repeat(500) },
    ]),
  )
  const { car } = foreignRepo({ did, signer: key, records })
  const status = async () => {
    const { data } = await agent.com.atproto.server.checkAccountStatus()
    return data.indexedRecords
  }
  const send = () => agent.com.atproto.repo.importRepo(car, { encoding: carType })
  for (const ms of [30, 150, 350]) {
    const sent = send().then(
      () => true,
      () => false,
    )
    await pause(ms)
    await kill(server)
    const isAcknowledged = await sent
    await expect.poll(status, { timeout: 60_000 }).toBeTypeOf('number')
    expect(isAcknowledged ? [5_000] : [0, 5_000]).toContain(await status())
  }
  await send()
  expect(await status()).toBe(5_000)
})

it('kill -9 during a deletion: an acknowledged deletion leaves nothing, and any other leaves a whole account', async () => {
  const { server } = await startResolvableServer()
  await using _ = server
  // The last one is killed after the answer, so that at least one deletion is acknowledged.
  for (const [i, ms] of [0, 5, 20, 60, undefined].entries()) {
    const name = `deleted${i}`
    const { did, agent } = await createTestAccount(server, name)
    const record = { $type: thing }
    await agent.com.atproto.repo.createRecord({ repo: did, collection: thing, record })
    const body = { did }
    const sent = call(server, 'admin.deleteAccount', { body, as: admin }).then(
      ({ status }) => status === 200,
      () => false,
    )
    if (ms === undefined) expect(await sent).toBe(true)
    else await pause(ms)
    await kill(server)
    const isAcknowledged = await sent
    const query = { did }
    const state = async () => {
      const { body } = await call(server, 'sync.getRepoStatus', { query })
      const { error, active } = body as { error?: string; active?: boolean }
      return error ?? (active ? 'active' : 'inactive')
    }
    await expect.poll(state, { timeout: 60_000 }).toMatch(/^(RepoNotFound|active)$/)
    if ((await state()) === 'active') {
      expect(isAcknowledged).toBe(false)
      const { data } = await agent.com.atproto.repo.listRecords({ repo: did, collection: thing })
      expect(data.records).toHaveLength(1)
      continue
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
})
