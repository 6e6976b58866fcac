/** Runs a takeover in a process of its own: engine and actors without a gateway, so that the accounts are not visible yet. */
import type { Config } from '#src/config/config.ts'
import { checkData } from '#src/gateway/data-checks/check-data.ts'
import { publishedDocuments } from '#src/ports/did-resolver.ts'
import { type DiskSpace, insufficientStorage } from '#src/ports/disk-space.ts'
import { createSafeFetch } from '#src/ports/safe-fetch.ts'
import { openBlobStorage, type StartPorts, startActorsOf } from '#src/start/start-actors.ts'
import { type CheckResult, checkReference } from '#src/takeover/check.ts'
import { operatorError } from '#src/takeover/operator-error.ts'
import type { TakeoverArguments } from '#src/takeover/options.ts'
import type { Report } from '#src/takeover/progress.ts'
import { readOnlyBlobs } from '#src/takeover/read-only-blobs.ts'
import { lockAccounts, ReferenceFolder } from '#src/takeover/reference-folder.ts'
import { type TakeoverResult, takeOverServer } from '#src/takeover/take-over-server.ts'

const DISK_INTERVAL_MS = 100

/** Reads only, and starts nothing. */
export async function runCheck(
  config: Config,
  { folder: path, offline }: TakeoverArguments,
  report: Report,
): Promise<CheckResult> {
  const folder = new ReferenceFolder(path)
  mustNameBlobs(config)
  const blobs = await openBlobStorage(config)
  const resolver = offline ? undefined : resolverOf(config)
  return checkReference(folder, { blobs, resolver, publicUrl: config.gateway.publicUrl }, report)
}

/** Throws an error for the operator. What it has started is stopped with `parts`. */
export async function runTakeover(
  ports: StartPorts,
  parts: AsyncDisposableStack,
  options: TakeoverArguments,
  report: Report,
): Promise<TakeoverResult> {
  const { config, secrets, folder: data, log } = ports
  if (config.role !== 'all') throw new Error('a takeover needs PDS_ROLE=all, or no PDS_ROLE')
  const folder = new ReferenceFolder(options.folder)
  if (folder.path === data.path) {
    throw new Error(
      `${data.path} is the folder of the reference: set PDS_DATA_DIRECTORY to a new one`,
    )
  }
  mustNameBlobs(config)
  // Fails at once if the reference is running; the lock for the whole takeover comes later.
  if (options.finish) lockAccounts(folder)[Symbol.dispose]()
  report({ step: 'engine' })
  const { shared } = await startActorsOf(ports, parts, { isAtRest: true, blobsOf: readOnlyBlobs })
  const { dispatch, keys, clock, disk } = shared
  await checkData(dispatch, secrets, { ...config, takesOver: true }, log)
  const taking = { folder, dataDirectory: data.path, dispatch, keys, clock, report }
  try {
    return await Promise.race([takeOverServer(taking, options), untilLow(disk, parts)])
  } catch (error) {
    throw operatorError(error, data.path, disk.isLow)
  }
}

/** Throws 507 when the disk has less room than PDS_MIN_FREE_DISK_BYTES: actors would fail to start, again and again. */
async function untilLow(disk: DiskSpace, parts: AsyncDisposableStack): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  const look = () => {
    if (disk.isLow) reject(insufficientStorage())
  }
  const interval = setInterval(look, DISK_INTERVAL_MS)
  parts.defer(() => clearInterval(interval))
  look()
  return promise
}

/** The blobs stay where they are, so the configuration must name the place. */
function mustNameBlobs({ blobs: { storage } }: Config): void {
  if (storage.kind === 's3' || storage.location !== undefined) return
  throw new Error(
    "set PDS_BLOBSTORE_DISK_LOCATION or PDS_BLOBSTORE_S3_BUCKET to the location of the reference's blobs",
  )
}

function resolverOf({ identity }: Config) {
  const {
    plcUrl = 'https://plc.directory',
    resolverTimeoutMs: timeoutMs,
    privateNetworks,
  } = identity
  const maxBytes = 64 * 1024
  const webFetch = createSafeFetch({ privateNetworks, timeoutMs, maxBytes })
  const plcFetch = createSafeFetch({ privateNetworks: true, timeoutMs, maxBytes })
  return publishedDocuments({ plcUrl, timeoutMs, plcFetch, webFetch })
}
