/** The server is killed during a key rotation: no repo is signed with another key than its DID document has. */
import { IdResolver } from '@atproto/identity'
import { expect, it } from 'vitest'
import { adminAuthorization } from '#tests/support/moderated-server.ts'
import { startPlcProxy } from '#tests/support/plc-proxy.ts'
import { thing } from '#tests/support/records.ts'
import { createTestAccount, startServer, type TestAccount } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { expectCommit, verifiedRepo } from '#tests/support/verify-repo.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

it('a key rotation killed before or after the PLC directory accepts the key is completed at the next start', async () => {
  await using plc = await startPlcProxy()
  await using server = await startServer({ env: { PDS_DID_PLC_URL: plc.url } })
  const resolver = new IdResolver({ plcUrl: plc.url, fetch: globalThis.fetch })

  const write = (by: TestAccount, n: number) =>
    call(server, 'repo.createRecord', {
      as: by,
      body: { repo: by.did, collection: thing, record: { $type: thing, n } },
    })

  for (const moment of ['before', 'after'] as const) {
    const account = await createTestAccount(server, `key-${moment}`)
    const { did } = account
    expect((await write(account, 1)).status).toBe(200)
    const old = await resolver.did.resolveAtprotoKey(did)
    const { data } = await account.agent.com.atproto.server.reserveSigningKey({ did })
    const { signingKey } = data

    plc.onOperation = async (when) => {
      if (when !== moment) return
      await server.kill9()
      throw new Error('the response is lost')
    }
    const rotation = call(server, 'admin.updateAccountSigningKey', {
      body: { did, signingKey },
      as: adminAuthorization,
    })
    await expect(rotation).rejects.toThrow()
    const isLetThrough = Promise.withResolvers<void>()
    plc.onOperation = () => isLetThrough.promise
    await server.restart()

    if (moment === 'before') {
      // Until the key is published nothing is signed, and earlier commits are still there.
      expect(await statusAndError(write(account, 2))).toEqual([503, 'KeyRotation'])
      const car = await account.agent.com.atproto.sync.getRepo({ did })
      expect((await verifiedRepo(car.data, { did, key: old })).records.size).toBe(1)
    }
    isLetThrough.resolve()
    const written = expect.poll(async () => (await write(account, 2)).status, { timeout: 60_000 })
    await written.toBe(200)

    const key = await resolver.did.resolveAtprotoKey(did, true)
    expect(key).toBe(signingKey)
    const after = await account.agent.com.atproto.sync.getRepo({ did })
    expect((await verifiedRepo(after.data, { did, key })).records.size).toBe(2)

    using relay = new Subscription(server, 0)
    const kinds = () => relay.eventsOf(did).map(({ kind }) => kind)
    await expect.poll(kinds).toEqual([
      // The events of a new account, and its first record.
      ...['#identity', '#account', '#commit', '#sync', '#commit'],
      ...['#identity', '#sync', '#commit'],
    ])
    const [sync, commit] = relay.eventsOf(did).slice(-2)
    await expectCommit(commit!.body, { did, key }, sync!.body)
  }
})
