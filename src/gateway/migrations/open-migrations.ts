/** Moves of accounts between this server and others, as the pages use them. */
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import {
  type BeginPorts,
  beginMoveIn,
  beginMoveOut,
  type FoundAccount,
  findElsewhere,
  type NewAccount,
  type OldCredentials,
  serverOf,
  signInElsewhere,
} from '#src/gateway/migrations/begin.ts'
import { byOwner, type OwnerPorts } from '#src/gateway/migrations/by-owner.ts'
import { signOperation } from '#src/gateway/migrations/migrate.ts'
import {
  describeServer,
  type OtherServerPorts,
  parseServerUrl,
  type ServerDescription,
} from '#src/gateway/migrations/other-server.ts'
import {
  type MigrationRuns,
  migrationRuns,
  type OpenRun,
  type RunPorts,
} from '#src/gateway/migrations/run-migration.ts'
import type { CreatedAccount } from '#src/gateway/workflows/create-account.ts'
import { startPeriodicTask } from '#src/ports/periodic-task.ts'
import { createSafeDispatcher } from '#src/ports/safe-fetch.ts'
import { createRequestUpstream } from '#src/ports/upstream.ts'
import { type ActingMember, asMember } from '#src/rules/acting-member.ts'

type Status = Awaited<ReturnType<RemoteAccount['migration']['find']>>

/** `by` is the owner of a group that moves it; absent if the account itself does. */
export interface Migrations {
  /** Throws 400 InvalidServer. */
  describe(address: string): Promise<ServerDescription>
  findElsewhere(identifier: string): Promise<FoundAccount>
  /** The server that an account here has moved to; undefined if its DID names this one, or none. */
  movedTo(did: string): Promise<string | undefined>
  find(did: string): Promise<Status>
  beginIn(
    found: FoundAccount,
    old: OldCredentials,
    account: NewAccount,
    address: string | undefined,
  ): Promise<CreatedAccount>
  /** Of a deactivated account here, whose DID names another server. */
  bringBack(did: string, old: OldCredentials, by?: ActingMember): Promise<void>
  beginOut(did: string, address: string, account: NewAccount, by?: ActingMember): Promise<void>
  /** With the password at the other server, if the session there is over. */
  signInAgain(did: string, old: OldCredentials, by?: ActingMember): Promise<void>
  /** Runs it in the background, as far as it can go. */
  start(did: string): void
  /** The old server mails a code, which `confirm` takes; this one mails it to `by`. */
  sendCode(did: string, by?: ActingMember): Promise<void>
  confirm(did: string, code: string, by?: ActingMember): Promise<void>
  /** Begins the copy again, such as for files that could not be copied. */
  copyAgain(did: string): Promise<void>
  /** Stops the move and forgets it; what is at the other server stays there, deactivated. Throws 400 once the DID has changed. */
  cancel(did: string, by?: ActingMember): Promise<void>
  /** Continues moves whose processes have ended, now and every minute. The function it returns stops that. */
  startResuming(options: { isOnlyGateway: boolean }): () => void
  stop(): Promise<void>
}

export interface MigrationPorts
  extends Omit<BeginPorts, 'other'>,
    Omit<RunPorts, 'other' | 'dispatch'> {
  server: BeginPorts['server'] & OwnerPorts
  privateNetworks: boolean
}

/** Most requests are ended earlier, by `request-time.ts`. */
const ANSWER_MS = 10 * 60_000
const IDLE_MS = 60_000

const RESUME_MS = 60_000

export function openMigrations(ports: MigrationPorts): Migrations {
  const { server, privateNetworks, clock } = ports
  const { dispatch } = server
  const { imports, blobUploadLimit } = server.service
  const request = createRequestUpstream(() =>
    createSafeDispatcher({
      ...{ privateNetworks, headersTimeoutMs: ANSWER_MS, bodyTimeoutMs: IDLE_MS },
      maxBytes: Math.max(imports.maxBytes, blobUploadLimit),
      ...{ maxRetries: 0, http2: false },
    }),
  )
  const other: OtherServerPorts = { request, privateNetworks, clock }
  const beginning: BeginPorts = { ...ports, other }
  const runs = migrationRuns({ ...ports, dispatch, other })
  const find = (did: string) => dispatch.account(did).migration.find()
  /** Where a code is asked for and used. */
  const oldServer = ({ from, migration }: OpenRun, did: string, by: ActingMember | undefined) => {
    return by === undefined || migration.direction === 'in' ? from : byOwner(server, did, by)
  }

  return {
    describe: async (address) => describeServer(other, await parseServerUrl(address, other)),
    findElsewhere: (identifier) => findElsewhere(beginning, identifier),
    movedTo: (did) => serverOf(beginning, did).catch(() => undefined),
    find,
    async beginIn(found, old, account, address) {
      const created = await beginMoveIn(beginning, found, old, account, address)
      runs.start(found.did)
      return created
    },
    async bringBack(did, old, by) {
      const url = await serverOf(beginning, did)
      await signInElsewhere(beginning, { did, url, direction: 'in' }, old, by)
      runs.start(did)
    },
    async beginOut(did, address, account, by) {
      await beginMoveOut(beginning, did, await parseServerUrl(address, other), account, by)
      runs.start(did)
    },
    async signInAgain(did, old, by) {
      const found = await find(did)
      if (found === null || found.step === 'done') return
      const { server: url, direction } = found
      await signInElsewhere(beginning, { did, url, direction }, old, by)
      runs.start(did)
    },
    start: (did) => runs.start(did),
    sendCode: (did, by) =>
      runs.hold(did, async (run) => {
        await oldServer(run, did, by).procedure('com.atproto.identity.requestPlcOperationSignature')
      }),
    async confirm(did, code, by) {
      await runs.hold(did, async (run) => {
        const from = { ...run.from, ...oldServer(run, did, by) }
        const last = await server.identity.plc.getDocumentData(did)
        const operation = await signOperation({ from, to: run.to }, code, last?.rotationKeys ?? [])
        const progress = { ...run.migration.progress, operation }
        // First, so that it goes on if this process is killed before it starts it.
        await dispatch.directory.runningMoves.add({ did })
        await run.save({ step: 'identity', progress })
      })
      runs.start(did)
    },
    async copyAgain(did) {
      await runs.hold(did, (run) => run.save({ step: 'repo' }))
      runs.start(did)
    },
    async cancel(did, by) {
      const account = dispatch.account(did)
      await (by === undefined ? account : asMember(account, by)).migration.end()
    },
    startResuming: ({ isOnlyGateway }) => resumePeriodically(ports, runs, { isOnlyGateway }),
    stop: () => runs.stop(),
  }
}

function resumePeriodically(
  { timer, log }: Pick<MigrationPorts, 'timer' | 'log'>,
  runs: Pick<MigrationRuns, 'resume'>,
  { isOnlyGateway }: { isOnlyGateway: boolean },
): () => void {
  // All runs that a gateway finds when it starts are of processes that have ended, unless there are other gateways.
  let takesOver = isOnlyGateway
  return startPeriodicTask(timer, async () => {
    try {
      await runs.resume({ takesOver })
      takesOver = false
    } catch (err) {
      log.warn({ err }, 'listing interrupted moves failed')
    }
    return RESUME_MS
  })
}
