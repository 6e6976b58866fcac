/**
 * Bounds what one client address may hold open: sockets, and responses that have begun and that it has not taken yet.
 * Sockets of a proxy are not counted, unless a request on them has no `X-Forwarded-For`.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { ConnectionConfig } from '#src/config/traffic.ts'
import { XrpcError } from '#src/errors.ts'
import {
  type FindClientAddress,
  isInRanges,
  isProxySocket,
  networkOf,
} from '#src/gateway/http/client-address.ts'
import { OpenByAddress } from '#src/gateway/http/open-by-address.ts'

export interface AddressLimitPorts {
  bounds: Pick<ConnectionConfig, 'socketsPerAddress' | 'responsesPerAddress'>
  addressOf: FindClientAddress
  /** Addresses and ranges whose `X-Forwarded-For` is trusted, besides private ones. */
  trustedProxies: readonly string[]
  /** Addresses and ranges without bounds. */
  exempt: readonly string[]
  onRefused(limit: string): void
}

export interface AddressLimits {
  /** Counts the request's socket, and the response until it has been taken. The error to answer with, if any: 429. */
  admit(request: IncomingMessage, response: ServerResponse): XrpcError | undefined
  /** As `admit`, of a request that becomes a WebSocket. */
  admitSocket(request: IncomingMessage): XrpcError | undefined
  /** The response to the request is not counted any more: something else bounds it. */
  release(request: IncomingMessage): void
}

/** Sockets beyond the limit are answered 429; beyond this many times the limit they are closed at once. */
const HARD_LIMIT_FACTOR = 2

export function limitAddresses(server: Server, ports: AddressLimitPorts): AddressLimits {
  const { bounds, addressOf, onRefused } = ports
  const isExempt = isInRanges(ports.exempt)
  const isProxy = isProxySocket(ports.trustedProxies)
  const sockets = new OpenByAddress()
  /** The sockets that are counted, and whether they are beyond the limit. */
  const counted = new WeakMap<Socket, { isOver: boolean }>()
  const open = new Map<string, Set<ServerResponse>>()
  const releases = new WeakMap<IncomingMessage, () => void>()

  function countSocket(socket: Socket, address: string): void {
    if (isExempt(address)) return
    const before = sockets.count(address)
    if (before >= HARD_LIMIT_FACTOR * bounds.socketsPerAddress) return void socket.destroy()
    counted.set(socket, { isOver: before >= bounds.socketsPerAddress })
    socket.once('close', sockets.add(address))
  }

  server.on('connection', (socket: Socket) => {
    if (!isProxy(socket)) countSocket(socket, addressOf({ socket, headers: {} }))
  })

  function admitSocket(request: IncomingMessage): XrpcError | undefined {
    const { socket } = request
    const isDirect = request.headers['x-forwarded-for'] === undefined
    if (isDirect && !counted.has(socket)) countSocket(socket, addressOf(request))
    if (!counted.get(socket)?.isOver) return undefined
    onRefused('sockets')
    return tooMany('connections')
  }

  function mayBegin(address: string, response: ServerResponse): boolean {
    const key = networkOf(address)
    const responses = open.get(key) ?? new Set()
    if (responses.size >= bounds.responsesPerAddress && !isExempt(address)) {
      // Requests that are still being worked on do not count.
      const begun = [...responses].filter((one) => one.headersSent && !one.writableFinished)
      if (begun.length >= bounds.responsesPerAddress) return false
    }
    open.set(key, responses.add(response))
    const release = () => {
      if (responses.delete(response) && responses.size === 0) open.delete(key)
    }
    response.once('close', release)
    releases.set(response.req, release)
    return true
  }

  return {
    admitSocket,
    release: (request) => releases.get(request)?.(),
    admit(request, response) {
      const refusal = admitSocket(request)
      if (refusal !== undefined || mayBegin(addressOf(request), response)) return refusal
      onRefused('responses')
      return tooMany('responses in progress')
    },
  }
}

export function tooMany(what: string): XrpcError {
  const message = `Too many ${what} for this address`
  return new XrpcError(429, 'RateLimitExceeded', message, { 'retry-after': '10' })
}
