/** Everything that createAccount calls, in memory: directory, accounts and PLC directory, with injected faults. */

import { assureValidNextOp, def } from '@did-plc/lib'
import { encode } from '@ipld/dag-cbor'
import { CID } from 'multiformats/cid'
import type { MirroredState } from '#src/account/directory-mirror.ts'
import { deleteAccount, finishDeletion } from '#src/account/lifecycle/delete-account.ts'
import { getDeletionDue } from '#src/account/lifecycle/deletion-due.ts'
import { ensureProvisioned, provisionOrResume } from '#src/account/lifecycle/wake.ts'
import { remind } from '#src/account/remind.ts'
import { closeOutboxes } from '#src/account/reminder.ts'
import { createSession } from '#src/account/sessions/sessions.ts'
import { findAccount, setState } from '#src/directory/accounts.ts'
import { listDueDeletions, removeDeletedAccount } from '#src/directory/due-deletions.ts'
import { findInitialState } from '#src/directory/initial-states.ts'
import { listReminders } from '#src/directory/reminders.ts'
import { confirmAccount, releaseReservation, reserveAccount } from '#src/directory/reservations.ts'
import { findReservedKey, type ReservedKey, reserveKey } from '#src/directory/reserved-keys.ts'
import { confirmForTenant, reserveForTenant } from '#src/directory/tenant-reservations.ts'
import { handleRules } from '#src/gateway/identity/handle-rules.ts'
import type { ProvisionPorts } from '#src/gateway/provisioning/provision.ts'
import type { CreateAccountPorts } from '#src/gateway/workflows/create-account.ts'
import { WakeQueue } from '#src/gateway/workflows/wake-queue.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { Slots } from '#src/ports/slots.ts'
import { cidForCbor } from '#src/protocol/cid.ts'
import type { PlcOperation, PlcTombstone } from '#src/protocol/plc-operation.ts'
import {
  deliveredKinds,
  type EmptyAccount,
  emptyAccount,
  keys,
  service,
  TestClock,
} from '#tests/support/empty-account.ts'
import { type TestDirectory, testDirectory } from '#tests/support/test-directory.ts'

/** The n-th call fails, before or after it took effect; with `crash` all later calls fail too. */
export interface Fault {
  at: number
  when: 'before' | 'after'
  crash: boolean
}

type PlcOp = PlcOperation | PlcTombstone

export class AccountCreationFixture {
  readonly clock = new TestClock()
  directory: TestDirectory = testDirectory({ clock: this.clock })
  /** Every account that was ever woken, provisioned or not. */
  readonly accounts = new Map<string, EmptyAccount>()
  readonly plcLog = new Map<string, PlcOp[]>()
  calls: string[] = []
  fault: Fault | undefined
  readonly #rotationKey = newSigningKey().key
  readonly #awake = new Map<string, Promise<EmptyAccount>>()
  readonly #firstWakes: Promise<void>[] = []

  ports(overrides: Partial<CreateAccountPorts> = {}): CreateAccountPorts {
    return {
      dispatch: this.dispatch(),
      wakeQueue: new WakeQueue((did) => this.#wakeFirst(did)),
      plc: this.#plc(),
      keys,
      clock: this.clock,
      log: { warn: () => {} },
      rotationKey: this.#rotationKey,
      service: { publicUrl: service.publicUrl },
      handleRules: async () => handleRules(['.test']),
      inviteRequired: false,
      tokens: { secret: service.jwtSecret, audience: service.did },
      ...overrides,
    }
  }

  provisionPorts(): ProvisionPorts {
    return { ...this.ports(), dispatch: this.dispatch(), plcSlots: new Slots(16) }
  }

  /** The dispatch, whose calls fail as `fault` says. */
  dispatch() {
    const call = <A extends unknown[], R>(name: string, run: (...args: A) => Promise<R>) => {
      return (...args: A) => this.#call(name, () => run(...args))
    }
    return {
      directory: {
        accounts: {
          reserve: call('reserve', (input: Parameters<typeof reserveAccount>[1]) =>
            reserveAccount(this.directory, input),
          ),
          confirm: call('confirm', (input: Parameters<typeof confirmAccount>[1]) =>
            confirmAccount(this.directory, input),
          ),
          release: call('release', (input: { did: string }) =>
            releaseReservation(this.directory, input),
          ),
          reserveForTenant: call(
            'reserve for tenant',
            (input: Parameters<typeof reserveForTenant>[1]) =>
              reserveForTenant(this.directory, input),
          ),
          confirmForTenant: call(
            'confirm for tenant',
            (input: Parameters<typeof confirmForTenant>[1]) =>
              confirmForTenant(this.directory, input),
          ),
          find: call('find', (input: { identifier: string }) => findAccount(this.directory, input)),
          listDueDeletions: call('listDue', (input: Parameters<typeof listDueDeletions>[1]) =>
            listDueDeletions(this.directory, input),
          ),
          removeDeleted: call('forget', (input: { did: string }) =>
            removeDeletedAccount(this.directory, input),
          ),
        },
        keys: {
          find: call('find key', (input: { names: readonly string[] }) =>
            findReservedKey(this.directory, input),
          ),
          reserve: call('reserve key', (input: ReservedKey) => reserveKey(this.directory, input)),
        },
      },
      account: (did: string) => ({
        lifecycle: {
          ensureProvisioned: call('wake', async () => ensureProvisioned(await this.account(did))),
          deleteAccount: call('delete', async () => deleteAccount(await this.account(did))),
          finishDeletion: call('finish', async () => finishDeletion(await this.account(did))),
          getDeletionDue: call('due', async () => getDeletionDue(await this.account(did))),
        },
        session: {
          createSession: call('createSession', async (input: { password: string }) =>
            createSession(await this.account(did), input),
          ),
        },
      }),
    }
  }

  /**
   * The actor of a DID, woken by the first call as the engine does; if waking fails, the next call tries again.
   */
  account(did: string): Promise<EmptyAccount> {
    const awake = this.#awake.get(did) ?? this.#awaken(did)
    this.#awake.set(did, awake)
    awake.catch(() => this.#awake.delete(did))
    return awake
  }

  /** A restart after a crash: only the databases remain, and no more faults. */
  restart(): void {
    this.fault = undefined
    this.directory = testDirectory({ clock: this.clock, sql: this.directory.sql })
    for (const account of this.accounts.values()) closeOutboxes(account)
    this.#awake.clear()
  }

  /** What every process does when it starts. */
  async sendReminders(): Promise<void> {
    for (const did of await listReminders(this.directory, { after: '', limit: 1000 })) {
      await remind(await this.account(did))
    }
  }

  /** Waits for everything that runs in the background. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#firstWakes)
  }

  /** The status of every provisioned account, by DID. */
  async states(): Promise<Record<string, string>> {
    await this.settled()
    const states: Record<string, string> = {}
    for (const [did, { profile }] of this.accounts) {
      const row = await profile.find()
      if (row !== undefined) states[did] = row.status
    }
    return states
  }

  async deliveredKinds(did: string): Promise<string[]> {
    await this.settled()
    const account = this.accounts.get(did)
    return account === undefined ? [] : deliveredKinds(account)
  }

  /** The DIDs in the PLC directory without a tombstone. */
  activeDids(): string[] {
    const active = [...this.plcLog].filter(([, ops]) => ops.at(-1)?.type !== 'plc_tombstone')
    return active.map(([did]) => did)
  }

  #wakeFirst(did: string): Promise<void> {
    const woken = this.dispatch().account(did).lifecycle.ensureProvisioned()
    this.#firstWakes.push(woken)
    return woken
  }

  async #awaken(did: string): Promise<EmptyAccount> {
    const after = this.accounts.get(did)
    let end = () => {}
    const onBatch = (when: 'before' | 'after') => {
      if (when === 'before') end = this.#begin('store')
      else end()
    }
    const directory = {
      send: (state: MirroredState) => {
        return this.#call('tell', () => setState(this.directory, { did, ...state }))
      },
      findBirth: () =>
        this.#call('find initial state', () => findInitialState(this.directory, { did })),
    }
    const options = { clock: this.clock, onBatch, directory, ...(after && { after }) }
    const account = emptyAccount(did, options)
    this.accounts.set(did, account)
    await provisionOrResume(account, account.findInitialState)
    return account
  }

  async #call<R>(name: string, run: () => Promise<R>): Promise<R> {
    const end = this.#begin(name)
    const answer = await run()
    end()
    return answer
  }

  /**
   * Counts a call and throws if it must fail before its effect; the returned function throws if it must fail after.
   */
  #begin(name: string): () => void {
    this.calls.push(name)
    const n = this.calls.length
    const { fault } = this
    if (fault?.crash && n > fault.at) throw new Error('the process has crashed')
    if (fault?.at === n && fault.when === 'before') throw new Error(`${name} was lost`)
    return () => {
      if (fault?.at === n) throw new Error(`the answer of ${name} was lost`)
    }
  }

  #plc(): PlcDirectory {
    return {
      sendOperation: (did, op) => this.#call(`send ${op.type}`, () => this.#append(did, op)),
      getLastOp: (did) => this.#call('lastOp', async () => this.plcLog.get(did)?.at(-1)),
      getOperationLog: async (did) => this.plcLog.get(did) ?? [],
      getDocumentData: async () => undefined,
    }
  }

  async #append(did: string, op: PlcOp): Promise<void> {
    const log = this.plcLog.get(did) ?? []
    const indexed = log.map((operation) => {
      const cid = CID.parse(cidForCbor(encode(operation)))
      return { did, operation, cid, nullified: false, createdAt: new Date(0) }
    })
    await assureValidNextOp(did, indexed as never, def.opOrTombstone.parse(op))
    this.plcLog.set(did, [...log, op])
  }
}
