/** Read-after-write: adds the records that the AppView has not indexed yet to its responses to their author. */

import type { RecentRecords } from '#src/account/repo/recent.ts'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { XrpcError } from '#src/errors.ts'
import type { RawResponse } from '#src/gateway/http/response.ts'
import { bufferedResponse, passThroughResponse } from '#src/gateway/proxy/pass-through.ts'
import type { Services } from '#src/gateway/proxy/services.ts'
import { mayBeJson } from '#src/gateway/proxy/upstream-body.ts'
import type { LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import { describeFailure } from '#src/gateway/xrpc/log-failure.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

export interface ReadAfterWriteCall {
  did: string
  account: RemoteAccount
  request: Request
  requestId?: string | undefined
  server: { services: Services; service: { publicUrl: string } }
}

export type MungeFn = (viewer: LocalViewer, original: unknown) => Promise<unknown>

/** Proxies a GET, and munges the response if its `atproto-repo-rev` is older than the account's latest records. */
export async function readAfterWrite(
  call: ReadAfterWriteCall,
  nsid: string,
  munge: MungeFn,
): Promise<RawResponse> {
  const { did, request, requestId, server } = call
  const { services } = server
  const header = request.headers.get('atproto-proxy') ?? undefined
  const target = await services.findTarget(nsid, header)
  const response = await services.get(target, request, { did, aud: target.did, lxm: nsid })
  const isReadable = request.method === 'GET' && mayBeJson(response)
  const viewer = isReadable && (await createLocalViewer(call, response))
  if (!viewer) return passThroughResponse(response)
  const bytes = await services.readBody(response)
  try {
    const original: unknown = JSON.parse(Buffer.from(bytes).toString())
    return formatMungedResponse(await munge(viewer, original), response, viewer.recent)
  } catch (error) {
    // A response of unexpected shape is returned unchanged.
    services.warn(
      { ...{ id: requestId, did, method: nsid }, ...reasonOf(error) },
      'read-after-write failed',
    )
    return bufferedResponse(bytes, response)
  }
}

/** Undefined if the response has no `atproto-repo-rev`, there is nothing newer, or reading fails. */
export async function createLocalViewer(
  { did, account, request, requestId, server }: ReadAfterWriteCall,
  { headers }: Pick<UpstreamResponse, 'headers'>,
): Promise<LocalViewer | undefined> {
  const since = headers['atproto-repo-rev']
  if (typeof since !== 'string') return undefined
  const recent = await account.repo.recentRecords({ since }).catch((error: unknown) => {
    server.services.warn(
      { did, id: requestId, ...reasonOf(error) },
      'reading recent records failed',
    )
    return null
  })
  if (recent === null) return undefined
  const { services, service } = server
  return { did, recent, services, publicUrl: service.publicUrl, signal: request.signal }
}

function reasonOf(error: unknown): object {
  return error instanceof XrpcError ? describeFailure(error) : { err: error }
}

export function formatMungedResponse(
  value: unknown,
  response: Pick<UpstreamResponse, 'status' | 'headers'>,
  recent: RecentRecords,
): RawResponse {
  return bufferedResponse(JSON.stringify(value), response, {
    'content-type': 'application/json; charset=utf-8',
    'atproto-upstream-lag': String(lagOf(recent)),
  })
}

/** Milliseconds since the oldest record that the service has not indexed. */
function lagOf({ profile, posts }: RecentRecords): number {
  const times = posts.map(({ indexedAt }) => Date.parse(indexedAt))
  if (profile?.isRecent) times.push(Date.parse(profile.indexedAt))
  return Date.now() - Math.min(...times)
}
