/** What the engine is told about a process that has exited. */
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  type Command,
  decodeToRivet,
  encodeToEnvoy,
  StopActorReason,
  type ToEnvoy,
  type ToRivet,
} from '@rivetkit/engine-envoy-protocol'
import { afterEach, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { reportLostProcess } from '#src/engine/report-lost-process.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const stop: Command = { tag: 'CommandStopActor', val: { reason: StopActorReason.GoingAway } }

/** An engine whose API gives `answer`, and which sends `messages` to a process that says it stops. */
async function fakeEngine(answer: unknown, ...messages: ToEnvoy[]) {
  const requests: string[] = []
  const received: ToRivet[] = []
  const http = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    response.end(JSON.stringify(answer))
  })
  const sockets = new WebSocketServer({ server: http })
  sockets.on('connection', (socket: WebSocket, { url, headers }) => {
    requests.push(`${headers['sec-websocket-protocol']} ${url}`)
    socket.on('message', (data) => {
      const message = decodeToRivet(new Uint8Array(data as Buffer))
      received.push(message)
      if (message.tag !== 'ToRivetStopping') return
      for (const one of messages) socket.send(encodeToEnvoy(one))
    })
  })
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  closing.push(async () => {
    for (const client of sockets.clients) client.terminate()
    http.close()
    await once(http, 'close')
  })
  const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  return { engine: { endpoint, token: 'secret', namespace: 'mine' }, requests, received, sockets }
}

function commands(...of: [actorId: string, generation: number][]): ToEnvoy {
  const val = of.map(([actorId, generation]) => ({
    checkpoint: { actorId, generation, index: 3n },
    inner: stop,
  }))
  return { tag: 'ToEnvoyCommands', val }
}

it('the newest activation of each actor that the engine asks for is reported as stopped, and kept', async () => {
  const { engine, requests, received } = await fakeEngine(
    {},
    { tag: 'ToEnvoyPing', val: { ts: 7n } },
    commands(['a', 1], ['b', 5], ['a', 2]),
    commands(['c', 1]),
  )
  expect(await reportLostProcess(engine, 'key of the process', 1_500)).toBe(3)
  expect(requests[0]).toBe('PUT /runner-configs/gone?namespace=mine')
  const [protocols, url] = requests[1]!.split(' /')
  expect(protocols).toContain('rivet_token.secret')
  const query = new URL(`http://engine/${url}`).searchParams
  expect([query.get('envoy_key'), query.get('pool_name')]).toEqual(['key of the process', 'gone'])
  expect(received.map(({ tag }) => tag)).toEqual([
    'ToRivetStopping',
    'ToRivetPong',
    'ToRivetEvents',
    'ToRivetEvents',
  ])
  const events = received.flatMap((one) => (one.tag === 'ToRivetEvents' ? one.val : []))
  const of = events.map(({ checkpoint }) => [checkpoint.actorId, checkpoint.generation])
  expect(of).toEqual([
    ['a', 2],
    ['b', 5],
    ['c', 1],
  ])
  // Without an error the engine would destroy the actor.
  const state = { tag: 'ActorStateStopped', val: { code: 'Error', message: 'its process exited' } }
  for (const { inner } of events) {
    expect(inner).toEqual({ tag: 'EventActorStateUpdate', val: { state } })
  }
})

it('a report whose connection ends is not taken for one', async () => {
  const { engine, sockets } = await fakeEngine({}, commands(['a', 1]))
  const report = reportLostProcess(engine, 'key of the process', 60_000)
  await expect.poll(() => sockets.clients.size).toBe(1)
  for (const client of sockets.clients) client.close()
  await expect(report).rejects.toThrow('closed the connection')
})
