/** Client of a PLC directory: submits and reads the operations of did:plc identities. */
import { XrpcError } from '#src/errors.ts'
import { readBounded } from '#src/ports/read-bounded.ts'
import type { PlcCreate, PlcData, PlcOperation, PlcTombstone } from '#src/protocol/plc-operation.ts'

export interface PlcDirectory {
  /** Throws 400 if the directory rejects the operation, 502 if the outcome is unknown. */
  sendOperation(did: string, op: PlcOperation | PlcTombstone): Promise<void>
  /** Undefined if the DID is unknown or tombstoned. */
  getDocumentData(did: string): Promise<PlcData | undefined>
  getLastOp(did: string): Promise<PlcOperation | PlcTombstone | undefined>
  /** Operations that are not nullified, oldest first; empty if the DID is unknown. */
  getOperationLog(did: string): Promise<(PlcCreate | PlcOperation | PlcTombstone)[]>
}

// Timeouts and rate limits: they say nothing about the operation.
const INCONCLUSIVE_STATUSES = [408, 429]
const MAX_RESPONSE_BYTES = 256 * 1024

/** `timeoutMs` is for each request. */
export function httpPlcDirectory({
  url,
  timeoutMs = 10_000,
  fetch = globalThis.fetch,
}: {
  url: string
  timeoutMs?: number
  fetch?: typeof globalThis.fetch
}): PlcDirectory {
  const base = url.replace(/\/+$/, '')

  async function call(path: string, init: RequestInit = {}): Promise<string | undefined> {
    // AbortSignal.timeout would keep the request in memory for all of the time.
    const tooLate = new AbortController()
    const timeout = setTimeout(() => tooLate.abort(), timeoutMs)
    const { signal } = tooLate
    let status: number
    let text: string
    try {
      const response = await fetch(`${base}/${path}`, { ...init, signal, redirect: 'error' })
      status = response.status
      text = await readBounded(response, MAX_RESPONSE_BYTES)
    } catch {
      throw new XrpcError(502, 'UpstreamFailure', `PLC directory ${base} unreachable`)
    } finally {
      clearTimeout(timeout)
    }
    if (status < 300) return text
    if ((status === 404 || status === 410) && init.method === undefined) return undefined
    if (status < 500 && !INCONCLUSIVE_STATUSES.includes(status))
      throw new XrpcError(400, 'InvalidRequest', messageOf(text))
    throw new XrpcError(502, 'UpstreamFailure', messageOf(text))
  }

  async function get<T>(path: string): Promise<T | undefined> {
    const text = await call(path)
    return text === undefined ? undefined : parse<T>(text)
  }

  return {
    async sendOperation(did, op) {
      const headers = { 'content-type': 'application/json' }
      await call(encodeURIComponent(did), { method: 'POST', headers, body: JSON.stringify(op) })
    },
    getDocumentData: (did) => get<PlcData>(`${encodeURIComponent(did)}/data`),
    getLastOp: (did) => get<PlcOperation | PlcTombstone>(`${encodeURIComponent(did)}/log/last`),
    async getOperationLog(did) {
      const log = await get<(PlcCreate | PlcOperation | PlcTombstone)[]>(
        `${encodeURIComponent(did)}/log`,
      )
      if (log === undefined || Array.isArray(log)) return log ?? []
      throw new XrpcError(502, 'UpstreamFailure', 'PLC directory sent no operation log')
    },
  }
}

function parse<T>(text: string): T {
  try {
    return JSON.parse(text) as T
  } catch {
    throw new XrpcError(502, 'UpstreamFailure', 'PLC directory sent invalid JSON')
  }
}

function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown }
    if (typeof message === 'string' && message !== '') return message
  } catch {
    // Not JSON: probably from a proxy, and not meant for the caller.
  }
  return 'PLC directory rejected the request'
}
