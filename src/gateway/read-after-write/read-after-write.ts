/** Answers of an AppView that lags behind the account that asks: what it wrote since is put in. */

import type { RecentRecords } from '#src/account/repo/recent.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { bufferedResponse, passThroughResponse } from '#src/gateway/proxy/pass-through.ts'
import type { Services } from '#src/gateway/proxy/services.ts'
import { mayBeJson } from '#src/gateway/proxy/upstream-body.ts'
import type { LocalViewer } from '#src/gateway/read-after-write/local-viewer.ts'
import type { UpstreamResponse } from '#src/ports/upstream.ts'

/** The call, and who makes it. */
export interface ReadAfterWriteCall {
  did: string
  account: ReturnType<Dispatch['account']>
  request: Request
  server: { services: Services; service: { publicUrl: string } }
}

/** The answer with the account's own records in it; the same where there is nothing to do. */
export type MungeFn = (viewer: LocalViewer, original: unknown) => Promise<unknown>

/** Passes on a GET, and changes its answer where that is of an older rev than the account's last records. */
export async function readAfterWrite(
  reading: ReadAfterWriteCall,
  nsid: string,
  change: MungeFn,
): Promise<Response> {
  const { did, request, server } = reading
  const { services } = server
  const header = request.headers.get('atproto-proxy') ?? undefined
  const target = await services.findTarget(nsid, header)
  const answer = await services.get(target, request, { did, aud: target.did, lxm: nsid })
  const isReadable = request.method === 'GET' && mayBeJson(answer)
  const viewer = isReadable && (await createLocalViewer(reading, answer))
  if (!viewer) return passThroughResponse(answer)
  const bytes = await services.readBody(answer)
  try {
    const original: unknown = JSON.parse(Buffer.from(bytes).toString())
    return formatMungedResponse(await change(viewer, original), answer, viewer.recent)
  } catch (error) {
    // What somebody else's service answered may be anything; then it stands as it is.
    services.warn({ did, method: nsid, err: error }, 'an answer could not be brought up to date')
    return bufferedResponse(bytes, answer)
  }
}

/** What the account wrote after the rev that an answer is of; undefined where that is nothing, or cannot be told. */
export async function createLocalViewer(
  { did, account, server }: ReadAfterWriteCall,
  { headers }: Pick<UpstreamResponse, 'headers'>,
): Promise<LocalViewer | undefined> {
  const since = headers['atproto-repo-rev']
  if (typeof since !== 'string') return undefined
  const recent = await account.repo.recentRecords({ since }).catch((error: unknown) => {
    server.services.warn({ did, err: error }, 'recent records could not be read')
    return null
  })
  if (recent === null) return undefined
  return { did, recent, services: server.services, publicUrl: server.service.publicUrl }
}

/** The answer, with how far the service is behind. */
export function formatMungedResponse(
  value: unknown,
  answer: Pick<UpstreamResponse, 'status' | 'headers'>,
  recent: RecentRecords,
): Response {
  return bufferedResponse(JSON.stringify(value), answer, {
    'content-type': 'application/json; charset=utf-8',
    'atproto-upstream-lag': String(lagOf(recent)),
  })
}

/** Milliseconds since the oldest record that the service has not heard of. */
function lagOf({ profile, posts }: RecentRecords): number {
  const times = posts.map(({ indexedAt }) => Date.parse(indexedAt))
  if (profile?.isRecent) times.push(Date.parse(profile.indexedAt))
  return Date.now() - Math.min(...times)
}
