/** URLs and DIDs of the AppView, the moderation service and the report service. */
import type { EnvironmentReader } from '#src/config/read.ts'
import { isDid } from '#src/protocol/did.ts'

export interface ServiceAddress {
  /** Without a trailing slash. */
  url: string
  did: string
}

export interface AppViewAddress extends ServiceAddress {
  /** URL with three `%s`: preset, DID and CID. */
  cdnUrlPattern: string | undefined
}

export interface Services {
  appView: AppViewAddress | undefined
  /** Its service tokens may call the moderation methods of com.atproto.admin. */
  moderation: ServiceAddress | undefined
  report: ServiceAddress | undefined
  /** Whether this server takes reports itself if there is no report service. */
  localReports: boolean
}

export function readServices(read: EnvironmentReader): Services {
  const moderation = readService(read, 'PDS_MOD_SERVICE_URL', 'PDS_MOD_SERVICE_DID')
  const appView = readService(read, 'PDS_BSKY_APP_VIEW_URL', 'PDS_BSKY_APP_VIEW_DID')
  const cdnUrlPattern = read.text('PDS_BSKY_APP_VIEW_CDN_URL_PATTERN')
  return {
    appView: appView && { ...appView, cdnUrlPattern },
    moderation,
    report: readService(read, 'PDS_REPORT_SERVICE_URL', 'PDS_REPORT_SERVICE_DID') ?? moderation,
    localReports: read.flag('PDS_LOCAL_REPORTS_ENABLED') ?? false,
  }
}

// A DID without a URL is ignored, as in the reference PDS.
function readService(
  read: EnvironmentReader,
  urlName: string,
  didName: string,
): ServiceAddress | undefined {
  const url = read.url(urlName)
  const did = read.checked(didName, 'a DID', isDid)
  if (url === undefined) return undefined
  if (did === undefined) return read.missing(didName, `${urlName} is set`)
  return { url, did }
}
