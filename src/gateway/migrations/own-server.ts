/** This server as the account of a move: the same methods as over the network, called in the process. */
import { Readable } from 'node:stream'
import type { ReadableStream as NodeStream } from 'node:stream/web'
import { type SendXrpc, type XrpcServer, xrpcServer } from '#src/gateway/migrations/xrpc-server.ts'
import { issueTokens, newTokenId, type TokenContext } from '#src/rules/session-tokens.ts'

export interface OwnServerPorts {
  /** Answers a request to this server. */
  handle(request: Request): Response | Promise<Response>
  publicUrl: string
  tokens: Omit<TokenContext, 'now'>
  clock: { now(): number }
}

/** Its token never leaves this process, and belongs to no session: the owner has allowed the move. */
export function ownServer(ports: OwnServerPorts, did: string): XrpcServer {
  const { tokens, clock } = ports
  return xrpcServer(sendHere(ports), async () => {
    const session = { did, tokenId: newTokenId() }
    const { accessJwt } = await issueTokens(session, { ...tokens, now: clock.now() })
    return `Bearer ${accessJwt}`
  })
}

function sendHere({ handle, publicUrl }: OwnServerPorts): SendXrpc {
  return async ({ method, path, headers, body }) => {
    const stream = body instanceof Readable ? (Readable.toWeb(body) as ReadableStream) : body
    const isChunked = body instanceof Readable && headers['content-length'] === undefined
    const request = new Request(`${publicUrl}${path}`, {
      ...{ method, headers: isChunked ? { ...headers, 'transfer-encoding': 'chunked' } : headers },
      ...(stream !== undefined && { body: stream, duplex: 'half' }),
    })
    const response = await handle(request)
    const from = response.body
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: from === null ? Readable.from([]) : Readable.fromWeb(from as unknown as NodeStream),
    }
  }
}
