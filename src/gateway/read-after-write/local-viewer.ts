/** The account that a response is munged for: its recent records, and its current profile in views. */
import { format } from 'node:util'
import type { RecentRecords } from '#src/account/repo/recent.ts'
import type { AppViewAddress } from '#src/config/services.ts'
import type { Services } from '#src/gateway/proxy/services.ts'
import { type ActorView, blobCid } from '#src/gateway/read-after-write/views.ts'

export interface LocalViewer {
  did: string
  recent: RecentRecords
  services: Pick<Services, 'appView' | 'call'>
  publicUrl: string
  /** Of the request: lookups stop when the client disconnects. */
  signal: AbortSignal
}

export type ImagePreset = 'avatar' | 'banner' | 'feed_thumbnail' | 'feed_fullsize'

export function imageUrl(
  {
    did,
    services: { appView },
    publicUrl,
  }: { did: string; services: Pick<Services, 'appView'>; publicUrl: string },
  preset: ImagePreset,
  blob: unknown,
): string | undefined {
  const cid = blobCid(blob)
  if (cid === undefined) return undefined
  return cdnUrl(appView, preset, did, cid) ?? getBlobUrl(publicUrl, did, cid)
}

function cdnUrl(appView: AppViewAddress | undefined, preset: string, did: string, cid: string) {
  const pattern = appView?.cdnUrlPattern
  return pattern === undefined ? undefined : format(pattern, preset, did, cid)
}

function getBlobUrl(publicUrl: string, did: string, cid: string): string {
  return `${publicUrl}/xrpc/com.atproto.sync.getBlob?did=${did}&cid=${cid}`
}

type Profile = Record<string, unknown>

/** Members that are undefined are left out of the JSON. */
export function basicProfile<V extends ActorView>(
  viewer: LocalViewer,
  view: V,
  profile: Profile,
): V {
  const { displayName, avatar } = profile
  return { ...view, displayName, avatar: imageUrl(viewer, 'avatar', avatar) }
}

export function detailedProfile<V extends ActorView>(
  viewer: LocalViewer,
  view: V,
  profile: Profile,
): V {
  const { description, banner } = profile
  return {
    ...basicProfile(viewer, view, profile),
    description,
    banner: imageUrl(viewer, 'banner', banner),
  }
}
