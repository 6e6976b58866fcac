/** Records that this server does not have or does not show: it calls the AppView, without credentials. */
import { beforeAll, expect, it } from 'vitest'
import { serverWithAppView } from '#tests/support/shared-server.ts'
import { call } from '#tests/support/xrpc-call.ts'

const collection = 'com.example.thing'
const unknownDid = `did:plc:${'b'.repeat(24)}`

const { server, alice, appView } = await serverWithAppView()
beforeAll(async () => {
  const record = { $type: collection, here: true }
  const body = { repo: alice.did, collection, rkey: 'one', record }
  expect(await call(server, 'repo.createRecord', { as: alice, body })).toMatchObject({
    status: 200,
  })
  appView.respond('com.atproto.repo.getRecord', { uri: 'at://x', value: { here: false } })
})

function getRecord(repo: string, rkey = 'one') {
  return call(server, 'repo.getRecord', { query: { repo, collection, rkey }, as: alice })
}

it('getRecord of a repo that is not here is answered by the AppView, without the credentials', async () => {
  const before = appView.requests.length
  expect(await getRecord(unknownDid)).toMatchObject({
    status: 200,
    body: { value: { here: false } },
  })
  const [received, ...more] = appView.requests.slice(before)
  expect(more).toEqual([])
  expect(received!.path).toContain(encodeURIComponent(unknownDid))
  expect(received!.headers.authorization).toBeUndefined()
})

it('getRecord of a repo that is here never calls the AppView', async () => {
  const before = appView.requests.length
  expect(await getRecord(alice.did)).toMatchObject({ status: 200, body: { value: { here: true } } })
  const missing = await getRecord(alice.did, 'gone')
  expect(missing).toMatchObject({ status: 400, error: 'RecordNotFound' })
  expect(appView.requests.length).toBe(before)
})

it('getRecord of a deactivated account is answered by the AppView', async () => {
  await alice.agent.com.atproto.server.deactivateAccount({})
  expect(await getRecord(alice.did)).toMatchObject({ body: { value: { here: false } } })
  appView.respond(
    'com.atproto.repo.getRecord',
    (_: unknown, response: { writeHead(n: number): { end(): void } }) =>
      response.writeHead(404).end(),
  )
  expect(await getRecord(alice.did)).toMatchObject({ status: 404 })
})
