/** A relay that takes so many accounts of a server, and throttles the others. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

export interface StandInRelay {
  readonly url: string
  /** The requestCrawl calls that it got. */
  readonly crawls: { path: string | undefined; body: unknown }[]
  /** The accounts that it was asked for, in this order. */
  readonly asked: string[]
  /** How many accounts it takes; can be raised. */
  limit: number
  close(): void
}

export async function startStandInRelay(limit: number): Promise<StandInRelay> {
  const known = new Set<string>()
  const server = createServer((request, response) => void answer(request, response))
  const relay: StandInRelay = {
    url: '',
    crawls: [],
    asked: [],
    limit,
    close: () => server.close(),
  }
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://relay')
    const send = (body: object) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(body))
    }
    if (pathname.endsWith('requestCrawl')) {
      relay.crawls.push({ path: request.url, body: await json(request) })
      response.end()
    } else if (pathname.endsWith('getHostStatus')) {
      const hostname = searchParams.get('hostname')
      send({ hostname, accountCount: known.size, seq: Date.now() * 1_000, status: 'active' })
    } else {
      const did = searchParams.get('did') ?? ''
      relay.asked.push(did)
      known.add(did)
      const isActive = [...known].indexOf(did) < relay.limit
      send({ did, active: isActive, ...(!isActive && { status: 'throttled' }) })
    }
  }
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(relay, { url: `http://127.0.0.1:${port}` })
}
