import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type PlcServer, startPlcServer } from '#src/plc/plc-server.ts'
import { silent } from '#tests/support/firehose.ts'
import { createTestAccount, startServer, type TestServer } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'

let plc: PlcServer
let server: TestServer
/** Runs after an operation was accepted, and before the server gets the answer. */
let afterOperation: () => Promise<void> = async () => {}

const between = createServer(async (request, response) => {
  const body = await buffer(request)
  const headers = { 'content-type': 'application/json' }
  const init = { method: request.method!, headers, ...(body.length > 0 && { body }) }
  const answer = await fetch(`${plc.url}${request.url}`, init)
  const text = await answer.text()
  if (request.method === 'POST') await afterOperation()
  response.writeHead(answer.status, headers).end(text)
})

beforeAll(async () => {
  plc = await startPlcServer({ path: ':memory:', log: silent })
  await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve))
  const { port } = between.address() as AddressInfo
  server = await startServer({ env: { PDS_DID_PLC_URL: `http://127.0.0.1:${port}` } })
})

afterAll(async () => {
  between.closeAllConnections()
  between.close()
  await server?.remove()
  await plc?.stop()
})

it('a change of handle that was published is completed at the next start', async () => {
  const alice = await createTestAccount(server, 'alice')
  afterOperation = async () => {
    afterOperation = async () => {}
    await server.kill9()
  }
  const update = alice.agent.com.atproto.identity.updateHandle({ handle: 'alicia.test' })
  await expect(update).rejects.toThrow()
  await server.start()
  const { identity } = alice.agent.com.atproto
  const resolved = async () => {
    const { data } = await identity.resolveHandle({ handle: 'alicia.test' })
    return data.did
  }
  await expect.poll(resolved).toBe(alice.did)
  const called = async () => {
    const { data } = await alice.agent.com.atproto.server.getSession()
    return data.handle
  }
  await alice.agent.login({ identifier: 'alicia.test', password: alice.password })
  await expect.poll(called).toBe('alicia.test')
  using firehose = new Subscription(server, 0)
  const announced = () =>
    firehose
      .eventsOf(alice.did)
      .flatMap(({ kind, body }) => (kind === '#identity' ? [body.handle] : []))
  await expect.poll(announced).toEqual(['alice.test', 'alicia.test'])
})
