import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { type EventPayload, eventLine } from '#src/cli/event-line.ts'
import { followEvents } from '#src/cli/tail.ts'

const $type = 'network.bsky.jetstream.subscribeEvents#commit'
const time = '2026-11-30T05:00:00.000Z'

describe('eventLine', () => {
  it.each<[EventPayload, string]>([
    [
      {
        $type,
        seq: 7,
        did: 'did:plc:a',
        time,
        rev: 'r',
        operation: 'create',
        collection: 'a.b.c',
        rkey: 'k',
        record: { t: 1 },
      },
      `${time}  did:plc:a  commit  create a.b.c/k  {"t":1}`,
    ],
    [
      {
        $type,
        seq: 7,
        did: 'did:plc:a',
        time,
        operation: 'delete',
        collection: 'a.b.c',
        rkey: 'k',
      },
      `${time}  did:plc:a  commit  delete a.b.c/k`,
    ],
    [
      {
        $type: 'x#identity',
        seq: 7,
        did: 'did:plc:a',
        time,
        identity: { did: 'did:plc:a', seq: 7, time, handle: 'a.test' },
      },
      `${time}  did:plc:a  identity  handle=a.test`,
    ],
    [
      { $type: 'x#session', seq: 7, did: 'did:plc:a', time, change: 'ended', kind: 'all' },
      `${time}  did:plc:a  session  change=ended kind=all`,
    ],
    [
      { $type: 'x#sync', seq: 7, did: 'did:plc:a', time, sync: { rev: 'r', blocks: {} } },
      `${time}  did:plc:a  sync  rev=r`,
    ],
    [{ $type: 'x#info', name: 'Out\u001b[2Jdated', from: 1 }, 'info  name=Out�[2Jdated from=1'],
  ])('eventLine of %o', (event, line) => {
    expect(eventLine(event)).toBe(line)
  })
})

describe('followEvents', () => {
  // As of a stream: without an upgrade its parameters are not looked at.
  const http = createServer((_, response) => response.writeHead(426).end())
  const refusal = '{"error":"InvalidRequest","message":"bad kinds"}'
  const wss = new WebSocketServer({ noServer: true })
  let onConnection: (socket: WebSocket, url: URL, authorization: string | undefined) => void
  let isRefused: boolean
  let base: URL
  beforeEach(async () => {
    isRefused = false
    http.removeAllListeners('upgrade').on('upgrade', (request, socket, head) => {
      if (isRefused) {
        const length = `content-length: ${refusal.length}`
        socket.end(`HTTP/1.1 400 Bad Request\r\n${length}\r\n\r\n${refusal}`)
        return
      }
      wss.handleUpgrade(request, socket, head, (ws) =>
        onConnection(ws, new URL(request.url!, base), request.headers.authorization),
      )
    })
    await once(http.listen(0, '127.0.0.1'), 'listening')
    base = new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/xrpc/x`)
  })
  afterEach(async () => {
    for (const client of wss.clients) client.terminate()
    await new Promise((resolve) => http.close(resolve))
  })

  const send = (socket: WebSocket, seq: number) =>
    socket.send(JSON.stringify({ $type: 'message', payload: { $type, seq, did: 'd', time } }))

  function follow(cursor?: number) {
    const stopped = new AbortController()
    const [seqs, warnings]: [(number | undefined)[], string[]] = [[], []]
    const warn = (line: string) => warnings.push(line)
    const headers = { authorization: 'Basic admin' }
    const ended = followEvents(
      { url: base, cursor, headers, signal: stopped.signal, warn },
      ({ seq }) => seqs.push(seq),
    )
    return { seqs, warnings, ended, stop: () => stopped.abort() }
  }

  it('headwater tail continues after a lost connection where it was, prints nothing twice, and stops when asked to', async () => {
    const cursors: (string | null)[] = []
    onConnection = (socket, url, authorization) => {
      expect(authorization).toBe('Basic admin')
      cursors.push(url.searchParams.get('cursor'))
      const from = Number(url.searchParams.get('cursor') ?? 1)
      send(socket, from)
      send(socket, from + 1)
      setTimeout(() => socket.terminate(), 50)
    }
    const { seqs, warnings, ended, stop } = follow()
    await expect.poll(() => seqs.length, { timeout: 10_000 }).toBe(4)
    stop()
    await ended
    expect([seqs, cursors]).toEqual([
      [1, 2, 3, 4],
      [null, '2', '3'],
    ])
    expect(warnings.slice(0, 2)).toEqual([
      'the connection was lost; connecting again',
      'connected again',
    ])
  })

  it('headwater tail ends with the error of the server, from the stream or from a refused upgrade', async () => {
    onConnection = (socket) => {
      socket.send(JSON.stringify({ $type: 'error', error: 'ScopeMissing', message: 'not for you' }))
      socket.close(1008)
    }
    await expect(follow(5).ended).rejects.toMatchObject({
      error: 'ScopeMissing',
      message: 'not for you',
    })
    isRefused = true
    await expect(follow().ended).rejects.toMatchObject({ status: 400, message: 'bad kinds' })
  })
})
