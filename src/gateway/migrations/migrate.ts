/**
 * The steps of a move, from one server to another: which of the two this one is makes no difference to them. Every step may be
 * run again after it was cut off at any point, and finds what is done already.
 */
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { copyBlobs } from '#src/gateway/migrations/copy-blobs.ts'
import { counted } from '#src/gateway/migrations/counted-bytes.ts'
import type { Json, XrpcServer } from '#src/gateway/migrations/xrpc-server.ts'
import type { MigrationProgress, MigrationStep } from '#src/rules/migrations.ts'

export interface Move {
  did: string
  from: XrpcServer
  to: XrpcServer
  /** Then it is asked, too, where the DID points: the other one might only say so. */
  isFromHere?: boolean
  /** Changed in place; stored by the caller as often as it wants, and with each step. */
  progress: MigrationProgress
  /** Stores that this step is next. */
  begin(step: MigrationStep): Promise<void>
  signal: AbortSignal
  pause(ms: number): Promise<void>
}

/** Of a did:plc (did:plc specification). */
const MAX_ROTATION_KEYS = 10
/** The PLC directory takes less. */
const MAX_OPERATION_LENGTH = 16_000
/** Of what a page shows. */
const MAX_SHOWN_LENGTH = 500

/** Undefined: the owner has to do something first. */
type Next = Promise<MigrationStep | undefined>

const steps: Record<Exclude<MigrationStep, 'done'>, (move: Move) => Next> = {
  repo: async (move) => {
    await copyRepo(move)
    return 'blobs'
  },
  blobs: async (move) => {
    await copyBlobs(move)
    return 'preferences'
  },
  preferences: async (move) => {
    move.progress.preferences = await copyPreferences(move)
    return 'code'
  },
  code: async (move) => {
    const { did, to, progress } = move
    if (await pointsToNewServer(move)) return 'activate'
    if (!did.startsWith('did:plc:')) progress.wanted = wantedIn(await recommended(to))
    return progress.operation === undefined ? undefined : 'identity'
  },
  identity: async (move) => {
    if (!(await pointsToNewServer(move))) {
      await publish(move)
      if (await pointsHere(move)) {
        throw new XrpcError(502, 'UpstreamFailure', 'The new server has not moved the identity')
      }
    }
    delete move.progress.operation
    return 'activate'
  },
  activate: async ({ to }) => {
    await to.procedure('com.atproto.server.activateAccount')
    return 'deactivate'
  },
  deactivate: async ({ from }) => {
    await from.procedure('com.atproto.server.deactivateAccount', {})
    return 'done'
  },
}

/** Runs the steps from `first` on, until one waits for the owner or all are done. */
export async function migrate(move: Move, first: MigrationStep): Promise<void> {
  let step: MigrationStep | undefined = first
  while (step !== undefined && step !== 'done') {
    move.signal.throwIfAborted()
    const next: MigrationStep | undefined = await steps[step](move)
    if (next !== undefined) await move.begin(next)
    step = next
  }
}

/** Signs the operation that points the DID to the new server; `code` is the one that the old server has mailed. Throws 400. */
export async function signOperation(
  { from, to }: Pick<Move, 'from' | 'to'>,
  code: string,
  ownKeys: readonly string[],
): Promise<string> {
  const [wanted, former] = await Promise.all([recommended(to), recommended(from)])
  // The owner's own keys stay, before those of the new server; those of the old server go.
  const kept = ownKeys.filter((key) => !keysOf(former).includes(key))
  const room = Math.max(MAX_ROTATION_KEYS - keysOf(wanted).length, 0)
  const rotationKeys = [...new Set([...kept.slice(0, room), ...keysOf(wanted)])]
  const input = { token: code, ...wanted, rotationKeys }
  const { operation } = await from.procedure('com.atproto.identity.signPlcOperation', input)
  if (typeof operation !== 'object' || operation === null) {
    throw new XrpcError(502, 'UpstreamFailure', 'The server signed no operation')
  }
  const text = JSON.stringify(operation)
  if (text.length > MAX_OPERATION_LENGTH) {
    throw new XrpcError(502, 'UpstreamFailure', 'The server signed a malformed operation')
  }
  return text
}

function wantedIn({
  verificationMethods,
  services,
}: Json): NonNullable<MigrationProgress['wanted']> {
  const key = (verificationMethods as Json | undefined)?.['atproto']
  const service = (services as Json | undefined)?.['atproto_pds'] as Json | undefined
  const shown = (value: unknown) => String(value).slice(0, MAX_SHOWN_LENGTH)
  return { signingKey: shown(key), endpoint: shown(service?.['endpoint']) }
}

function recommended(server: XrpcServer): Promise<Json> {
  return server.query('com.atproto.identity.getRecommendedDidCredentials')
}

async function copyRepo({ did, from, to, progress, signal }: Move): Promise<void> {
  progress.repoRev = await revAt(from, did)
  progress.repoBytes = 0
  const car = await from.download('com.atproto.sync.getRepo', { did })
  const bytes = counted(car.bytes, signal, (n) => {
    progress.repoBytes = (progress.repoBytes ?? 0) + n
  })
  const type = 'application/vnd.ipld.car'
  await to.upload('com.atproto.repo.importRepo', { bytes, type, length: car.length })
  const [there, here] = await Promise.all([statusAt(from), statusAt(to)])
  if (typeof there['indexedRecords'] === 'number') progress.recordsTotal = there['indexedRecords']
  if (typeof here['indexedRecords'] === 'number') progress.records = here['indexedRecords']
}

async function copyPreferences({ from, to }: Move): Promise<boolean> {
  try {
    const { preferences } = await from.query('app.bsky.actor.getPreferences')
    if (!Array.isArray(preferences)) return false
    if (preferences.length > 0) {
      await to.procedure('app.bsky.actor.putPreferences', { preferences })
    }
    return true
  } catch (error) {
    const isRefusal = error instanceof XrpcError && error.status < 500 && error.status !== 429
    const isUnknown = error instanceof XrpcError && error.status === 501
    // A server without an AppView has no preferences.
    if ((isRefusal && error.status !== 401) || isUnknown) return false
    throw error
  }
}

/** What was written at the old server since it was copied is copied first. */
async function publish(move: Move): Promise<void> {
  const { did, from, to, progress } = move
  if ((await revAt(from, did)) !== progress.repoRev) {
    await copyRepo(move)
    await copyBlobs(move)
  }
  const operation = JSON.parse(progress.operation ?? 'null') as unknown
  if (operation === null) throw invalidRequest('The operation is not signed yet')
  try {
    await to.procedure('com.atproto.identity.submitPlcOperation', { operation })
  } catch (error) {
    const isRefusal = error instanceof XrpcError && error.status === 400
    if (isRefusal && !(await pointsToNewServer(move))) {
      // Another operation came before it: a new one has to be signed.
      delete progress.operation
      await move.begin('code')
    }
    throw error
  }
}

async function pointsToNewServer(move: Move): Promise<boolean> {
  const { validDid } = await statusAt(move.to)
  return validDid === true && !(await pointsHere(move))
}

/** Whether the DID still names this server, if that is the old one. */
async function pointsHere({ from, isFromHere }: Move): Promise<boolean> {
  return isFromHere === true && (await statusAt(from))['validDid'] === true
}

function statusAt(server: XrpcServer): Promise<Json> {
  return server.query('com.atproto.server.checkAccountStatus')
}

async function revAt(from: XrpcServer, did: string): Promise<string> {
  const { rev } = await from.query('com.atproto.sync.getLatestCommit', { did })
  return typeof rev === 'string' ? rev : ''
}

function keysOf({ rotationKeys }: Json): string[] {
  return Array.isArray(rotationKeys) ? rotationKeys.filter((key) => typeof key === 'string') : []
}
