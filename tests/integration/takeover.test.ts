import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { verifyRepoCar } from '@atproto/repo'
import { expect, it, onTestFinished } from 'vitest'
import { hashPassword } from '#src/ports/passwords.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import { headwater } from '#tests/support/command-line.ts'
import { testDid } from '#tests/support/open-account.ts'
import { freeEnginePort, freePort } from '#tests/support/processes.ts'
import { post } from '#tests/support/records.ts'
import {
  insert,
  referenceKey,
  referenceTime,
  testReference,
} from '#tests/support/reference-folder.ts'
import { TestServer } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'

const path = 'app.bsky.feed.post/3kaaaaaaaaa22'
const password = 'correct horse battery'

it('headwater takeover brings the accounts of a reference PDS here, and only then a server starts', async () => {
  const source = testReference()
  const repo = source.add({ did: testDid, handle: 'alice.test', records: { [path]: post('one') } })
  const hash = await hashPassword(password)
  source.accounts.prepare('UPDATE account SET passwordScrypt = ?').run(hash)
  const event = { eventType: 'append', sequencedAt: new Date().toISOString() }
  insert(source.sequencer, 'repo_seq', { did: testDid, ...event })
  source.inStore(testDid, (store) => {
    const row = { mimeType: 'image/png', size: 1, createdAt: referenceTime }
    insert(store, 'blob', { ...row, cid: 'gone', tempKey: null, takedownRef: null })
  })

  const env = { PDS_BLOBSTORE_DISK_LOCATION: join(source.path, 'blocks') }
  const enginePort = await freeEnginePort()
  const server = new TestServer(await freePort(), enginePort, { env })
  onTestFinished(() => server.remove())
  const variables = { PDS_DATA_DIRECTORY: server.dir, PDS_ENGINE_PORT: String(enginePort), ...env }
  const run = async (...flags: string[]) => {
    const { code, err, out } = await headwater(['takeover', source.path, ...flags], variables)
    return { code, said: out + err }
  }

  const checked = await run('--check', '--offline')
  expect(checked).toMatchObject({ code: 0 })
  expect(checked.said).toContain(`${testDid}  the blob gone is missing`)
  expect(await run()).toMatchObject({ code: 0, said: expect.stringContaining('repeat it') })
  await expect(server.start()).rejects.toThrow('takeover of a reference PDS is not finished')
  expect(await run('--finish')).toMatchObject({
    ...{ code: 1, said: expect.stringContaining('stop the reference PDS first') },
  })
  source.close()
  expect(await run('--finish')).toMatchObject({
    ...{ code: 0, said: expect.stringContaining('start the server') },
  })
  expect(await run()).toMatchObject({ code: 1, said: expect.stringContaining('is complete') })

  await server.start()
  const agent = new AtpAgent({ service: server.url })
  await agent.login({ identifier: 'alice.test', password })
  const { com } = agent
  const { data: head } = await com.atproto.sync.getLatestCommit({ did: testDid })
  expect({ ...head }).toEqual({ cid: repo.root, rev: repo.rev })
  const { data: car } = await com.atproto.sync.getRepo({ did: testDid })
  const key = signingKey(referenceKey(testDid)).did()
  const { creates } = await verifyRepoCar(car, testDid, key)
  expect(creates).toMatchObject([{ cid: { toString: expect.any(Function) } }])
  // A relay comes with a number of the reference.
  const relay = new Subscription(server, 1)
  await com.atproto.repo.createRecord({
    ...{ repo: testDid, collection: 'app.bsky.feed.post', record: post('two') },
  })
  await expect.poll(() => relay.kinds.at(-1)).toBe('#commit')
  expect(relay.kinds.filter((kind) => kind !== '#info')).toEqual([
    ...['#account', '#identity', '#sync', '#commit'],
  ])
  expect(relay.events.at(-1)!.body.since).toBe(repo.rev)
  relay.ws.close()
})
