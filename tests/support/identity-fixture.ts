/** An account, its directory and PLC, in memory, for workflows whose process may crash at any call. */
import { expect } from 'vitest'
import { announceIdentity, getIdentity, setHandle } from '#src/account/identity/own-identity.ts'
import { findAccount, setHandle as setInDirectory } from '#src/directory/accounts.ts'
import {
  beginIdentityChange,
  endIdentityChange,
  listIdentityChanges,
} from '#src/directory/identity-changes.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import { tenantsOfAccounts } from '#src/directory/tenant-accounts.ts'
import type { XrpcError } from '#src/errors.ts'
import { handleRules } from '#src/gateway/identity/handle-rules.ts'
import type { IdentityPorts } from '#src/gateway/identity/update-handle.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import {
  genesisOperation,
  type PlcOperation,
  plcDidDocument,
  plcHandle,
} from '#src/protocol/plc-operation.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

export const rotationKey = newSigningKey().key
export const publicUrl = 'http://localhost'
const did = testDid

export interface Fault {
  at: number
  when: 'before' | 'after'
}

export class IdentityFixture {
  readonly directory: TestDirectory = testDirectory()
  readonly plcLog: PlcOperation[] = []
  readonly handleDids: Record<string, string> = {}
  readonly documents: Record<string, string> = {}
  calls: string[] = []
  warnings: unknown[] = []
  fault: Fault | undefined
  plcError: XrpcError | undefined
  /** Thrown for an operation that was accepted all the same. */
  plcErrorAfterAccepting: XrpcError | undefined

  readonly account: OpenAccount

  private constructor(account: OpenAccount) {
    this.account = account
  }

  static async open(): Promise<IdentityFixture> {
    const fixture = new IdentityFixture(await openTestAccount())
    const handle = 'alice.test'
    await reserveAccount(fixture.directory, { did, handle, email: 'alice@example.com', ...newKey })
    await confirmAccount(fixture.directory, { did, ...confirmation })
    const genesis = { handle, pds: publicUrl, signingKey: testKey.did() }
    const { op } = await genesisOperation(
      { ...genesis, rotationKeys: [rotationKey.did()] },
      rotationKey,
    )
    fixture.plcLog.push(op)
    return fixture
  }

  /** The dependencies of one process; after its fault every call fails. */
  process(): IdentityPorts {
    const { account, directory } = this
    const state = { hasCrashed: false }
    const call = <A extends unknown[], R>(name: string, run: (...args: A) => Promise<R>) => {
      return async (...args: A): Promise<R> => {
        if (state.hasCrashed) throw new Error('crashed')
        this.calls.push(name)
        const failsAt = this.fault?.at === this.calls.length ? this.fault.when : undefined
        if (failsAt === 'before') {
          state.hasCrashed = true
          throw new Error('crashed')
        }
        const result = await run(...args)
        if (failsAt === 'after') {
          state.hasCrashed = true
          throw new Error('crashed')
        }
        return result
      }
    }
    return {
      dispatch: {
        directory: {
          accounts: { setHandle: call('directory.setHandle', (i) => setInDirectory(directory, i)) },
          tenantAccounts: { tenantsOf: (input) => tenantsOfAccounts(directory, input) },
          identityChanges: {
            begin: call('begin', (input) => beginIdentityChange(directory, input)),
            end: call('end', (input) => endIdentityChange(directory, input)),
            list: (input) => listIdentityChanges(directory, input),
          },
        },
        account: () => ({
          identity: {
            getIdentity: call('getIdentity', () => getIdentity(account)),
            setHandle: call('setHandle', (input) => setHandle(account, input)),
            announceIdentity: call('announceIdentity', () => announceIdentity(account)),
          },
        }),
      },
      plc: {
        sendOperation: call('plc.send', async (_, op) => this.#send(op as PlcOperation)),
        getDocumentData: call('plc.data', async () => ({ ...this.plcLog.at(-1)!, did })),
        getLastOp: call('plc.lastOp', async () => this.plcLog.at(-1)),
        getOperationLog: async () => this.plcLog,
      },
      rotationKey,
      resolver: {
        resolve: async () => plcDidDocument({ ...this.plcLog.at(-1)!, did }),
        refresh: async (id) => ({ id, alsoKnownAs: [`at://${this.documents[id]}`] }),
      },
      handles: { resolve: async (handle) => this.handleDids[handle] },
      handleRules: async () => handleRules(['.test']),
      log: { warn: (what: unknown) => this.warnings.push(what) } as never,
    }
  }

  #send(op: PlcOperation): void {
    if (this.plcError !== undefined) throw this.plcError
    this.plcLog.push(op)
    if (this.plcErrorAfterAccepting !== undefined) throw this.plcErrorAfterAccepting
  }

  /** The handle in each place, and the number of changes in progress. */
  async handles() {
    return {
      plc: plcHandle(this.plcLog.at(-1)!),
      directory: (await findAccount(this.directory, { identifier: did }))?.handle,
      account: (await getIdentity(this.account)).handle,
      changes: (await listIdentityChanges(this.directory, { age: 0, limit: 10 })).length,
    }
  }

  async deliveredKinds(): Promise<string[]> {
    await expect.poll(() => this.account.outbox.backlog).toBe(0)
    return this.account.delivered.map(({ kind }) => kind)
  }
}

/** The result of `handles` if all places agree and no change is in progress. */
export const consistentHandles = (handle: string) => ({
  plc: handle,
  directory: handle,
  account: handle,
  changes: 0,
})
