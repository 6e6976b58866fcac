/** Webhooks as a platform receives them, with the library of Standard Webhooks, over a kill of the whole server. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { headwater } from '#tests/support/command-line.ts'
import { thing, write } from '#tests/support/records.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestServer,
} from '#tests/support/server.ts'

interface Received {
  id: string
  type: string
  data: { seq: number; did?: string; handle?: string; uri?: string; collection?: string }
}

/** Throws in the request handler, and so answers 500, if a signature is wrong. */
const received: Received[] = []
let secret = ''
let status = 204
const receiver = createServer(async (request, response) => {
  const body = await text(request)
  try {
    const headers = request.headers as Record<string, string>
    const message = new Webhook(secret).verify(body, headers) as Omit<Received, 'id'>
    received.push({ id: headers['webhook-id']!, ...message })
    response.writeHead(status).end()
  } catch {
    response.writeHead(500).end()
  }
})

let server: TestServer
let url: string
beforeAll(async () => {
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`
  server = await startServer()
})
afterAll(async () => {
  receiver.close()
  receiver.closeAllConnections()
  await server?.remove()
})

/** A procedure of dev.headwater.webhook, as the operator. */
async function call<T>(method: string, input: object): Promise<T> {
  const response = await fetch(`${server.url}/xrpc/dev.headwater.webhook.${method}`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${btoa(`admin:${adminPassword}`)}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(input),
  })
  expect(response.status).toBe(200)
  return JSON.parse((await response.text()) || '{}') as T
}

const webhook = <T>(...args: string[]) => command<T>('webhook', args)
const tenant = (...args: string[]) => command('tenant', args)

async function command<T>(group: string, args: readonly string[]): Promise<T> {
  const env = { HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: adminPassword }
  const outcome = await headwater([group, ...args, '--json'], env)
  expect(outcome).toMatchObject({ code: 0, err: '' })
  return outcome.json<T>()
}

const ofType = (type: string) => received.filter((one) => one.type === type)

it('a receiver gets signed events of accounts and records, over a kill, and any of them again', async () => {
  const types = ['--types', '*,record.*', '--collections', thing]
  const { id, secret: made } = await webhook<{ id: string; secret: string }>('add', url, ...types)
  secret = made
  const alice = await createTestAccount(server, 'alice')
  await expect.poll(() => ofType('account.created')).toHaveLength(1)
  expect(ofType('account.created')[0]!.data).toMatchObject({ did: alice.did, handle: 'alice.test' })
  const apply = (rkey: string) =>
    alice.agent.com.atproto.repo.applyWrites({
      ...{ repo: alice.did, writes: [write('create', rkey, { rkey })] as never },
    })
  await apply('a')
  await expect.poll(() => ofType('record.created')).toHaveLength(1)
  expect(ofType('record.created')[0]!.data).toMatchObject({
    ...{ uri: `at://${alice.did}/${thing}/a`, collection: thing },
  })

  status = 500
  await apply('b')
  await expect.poll(() => ofType('record.created')).toHaveLength(2)
  await tenant('create', 'roomy')
  await tenant('suspend', 'roomy', '--reason', 'spam')
  const { enginePid } = server
  await server.kill9()
  try {
    process.kill(enginePid, 'SIGKILL')
  } catch {
    // It has ended with the server.
  }
  status = 200
  await server.start()
  await expect.poll(() => ofType('record.created'), { timeout: 30_000 }).toHaveLength(3)
  const [, before, after] = ofType('record.created')
  expect(after).toEqual(before)
  await expect.poll(() => ofType('tenant.suspended'), { timeout: 30_000 }).toHaveLength(1)
  expect(ofType('tenant.suspended')[0]!.data).toMatchObject({ tenant: 'roomy', reason: 'spam' })

  const deliveries = await webhook<{ id: string }[]>('deliveries', id)
  const count = new Set(received.map((one) => one.id)).size
  expect(deliveries).toHaveLength(count)
  await call('redeliver', { id, messageId: after!.id })
  await expect.poll(() => ofType('record.created')).toHaveLength(4)
  expect(ofType('record.created')[3]).toEqual(after)
  const total = received.length
  expect(await webhook('replay', id, '1h')).toEqual({ count })
  await expect.poll(() => received.length).toBe(total + count)
  expect(new Set(received.map((one) => one.id)).size).toBe(count)
  expect(await webhook('test', id)).toMatchObject({ type: 'webhook.test', state: 'delivered' })
  secret = (await call<{ secret: string }>('rotateSecret', { id })).secret
  await call('testEndpoint', { id })
  await expect.poll(() => ofType('webhook.test')).toHaveLength(2)
  await call('deleteEndpoint', { id })
})
