/** Read-after-write: adds the records that the AppView has not indexed yet to its responses to their author. */

import type { RecentRecords } from '#src/account/repo/recent.ts'
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { bufferedResponse, passThroughResponse } from '#src/gateway/proxy/pass-through.ts'
import type { Services } from '#src/gateway/proxy/services.ts'
import { mayBeJson } from '#src/gateway/proxy/upstream-body.ts'
import type { LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

export interface ReadAfterWriteCall {
  did: string
  account: RemoteAccount
  request: Request
  server: { services: Services; service: { publicUrl: string } }
}

export type MungeFn = (viewer: LocalViewer, original: unknown) => Promise<unknown>

/** Proxies a GET, and munges the response if its `atproto-repo-rev` is older than the account's latest records. */
export async function readAfterWrite(
  call: ReadAfterWriteCall,
  nsid: string,
  munge: MungeFn,
): Promise<Response> {
  const { did, request, server } = call
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
    services.warn({ did, method: nsid, err: error }, 'read-after-write failed')
    return bufferedResponse(bytes, response)
  }
}

/** Undefined if the response has no `atproto-repo-rev`, there is nothing newer, or reading fails. */
export async function createLocalViewer(
  { did, account, server }: ReadAfterWriteCall,
  { headers }: Pick<UpstreamResponse, 'headers'>,
): Promise<LocalViewer | undefined> {
  const since = headers['atproto-repo-rev']
  if (typeof since !== 'string') return undefined
  const recent = await account.repo.recentRecords({ since }).catch((error: unknown) => {
    server.services.warn({ did, err: error }, 'reading recent records failed')
    return null
  })
  if (recent === null) return undefined
  return { did, recent, services: server.services, publicUrl: server.service.publicUrl }
}

export function formatMungedResponse(
  value: unknown,
  response: Pick<UpstreamResponse, 'status' | 'headers'>,
  recent: RecentRecords,
): Response {
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
