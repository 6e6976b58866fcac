/** The services that this server works with: where they are, and the DIDs under which they are believed and addressed. */
import type { EnvironmentReader } from '#src/config/read.ts'

export interface ServiceAddress {
  /** Without a trailing slash. */
  url: string
  did: string
}

export interface AppViewAddress extends ServiceAddress {
  /** Where its images are: three `%s`, for the preset, the DID and the CID. */
  cdnUrlPattern: string | undefined
}

export interface Services {
  /** Answers what is not ours to answer. */
  appView: AppViewAddress | undefined
  /** Its tokens moderate here. */
  moderation: ServiceAddress | undefined
  /** Takes the reports of our accounts; the moderation service unless said. */
  report: ServiceAddress | undefined
}

export function readServices(read: EnvironmentReader): Services {
  const moderation = readService(read, 'PDS_MOD_SERVICE_URL', 'PDS_MOD_SERVICE_DID')
  const appView = readService(read, 'PDS_BSKY_APP_VIEW_URL', 'PDS_BSKY_APP_VIEW_DID')
  const cdnUrlPattern = read.text('PDS_BSKY_APP_VIEW_CDN_URL_PATTERN')
  return {
    appView: appView && { ...appView, cdnUrlPattern },
    moderation,
    report: readService(read, 'PDS_REPORT_SERVICE_URL', 'PDS_REPORT_SERVICE_DID') ?? moderation,
  }
}

/** An address is whole: a DID that no URL goes with counts for nothing, as in the reference. */
function readService(
  read: EnvironmentReader,
  urlName: string,
  didName: string,
): ServiceAddress | undefined {
  const url = read.url(urlName)
  const did = read.checked(didName, 'a DID', (value) => /^did:[a-z]+:[\w.:%-]+$/.test(value))
  if (url === undefined) return undefined
  if (did === undefined) return read.missing(didName, `it goes with ${urlName}`)
  return { url, did }
}
