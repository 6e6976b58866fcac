/** Everything that a key rotation calls, in memory: directory, account and PLC directory, with injected faults. */

import { assureValidNextOp, getLastOpWithCid } from '@did-plc/lib'
import {
  abandonKeyRotation,
  beginKeyRotation,
  finishKeyRotation,
  getSigningKeyDids,
} from '#src/account/identity/key-rotation.ts'
import { provisionOrResume } from '#src/account/lifecycle/wake.ts'
import { closeOutboxes } from '#src/account/reminder.ts'
import {
  endKeyRotation,
  listKeyRotations,
  recordKeyRotation,
} from '#src/directory/key-rotations.ts'
import { findReservedKey, reserveKey } from '#src/directory/reserved-keys.ts'
import type { RotationPorts } from '#src/gateway/identity/rotate-signing-key.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { genesisOperation, type PlcOperation, plcDidDocument } from '#src/protocol/plc-operation.ts'
import {
  type EmptyAccount,
  emptyAccount,
  keys,
  newInitialState,
  TestClock,
} from '#tests/support/empty-account.ts'
import { type TestDirectory, testDirectory } from '#tests/support/test-directory.ts'

export class KeyRotationFixture {
  readonly clock = new TestClock()
  readonly did: string
  readonly directory: TestDirectory
  readonly plcLog: PlcOperation[]
  account: EmptyAccount
  calls: string[] = []
  /** Called around each call; throwing makes it fail, before or after it took effect. */
  fault: (call: string, when: 'before' | 'after') => void = () => {}
  readonly #rotationKey: RotationPorts['rotationKey']
  #accepting: Promise<void> = Promise.resolve()

  private constructor(parts: {
    did: string
    op: PlcOperation
    account: EmptyAccount
    rotationKey: RotationPorts['rotationKey']
  }) {
    this.did = parts.did
    this.plcLog = [parts.op]
    this.account = parts.account
    this.#rotationKey = parts.rotationKey
    this.directory = testDirectory({ clock: this.clock })
  }

  /** Opens a fixture with an account whose DID is in the PLC directory, or is the did:web `web`. */
  static async open(web?: string): Promise<KeyRotationFixture> {
    const rotationKey = newSigningKey().key
    const { privateKey, key } = newSigningKey()
    const named = { handle: 'alice.test', pds: 'http://localhost', signingKey: key.did() }
    const rotationKeys = [rotationKey.did()]
    const genesis = await genesisOperation({ ...named, rotationKeys }, rotationKey)
    const { op } = genesis
    const did = web ?? genesis.did
    const account = emptyAccount(did)
    const own = { signingKey: keys.seal(privateKey, did), signingKeyDid: key.did() }
    await provisionOrResume(account, async () => ({ ...newInitialState(did), ...own }))
    return new KeyRotationFixture({ did, op, account, rotationKey })
  }

  /** Reserves a key at the server. */
  async reserve(name?: string): Promise<string> {
    const { privateKey, key } = newSigningKey()
    const named = name ?? key.did()
    const signingKey = keys.seal(privateKey, named)
    await reserveKey(this.directory, { name: named, signingKey, signingKeyDid: key.did() })
    return key.did()
  }

  /** The key in the DID document. */
  get publishedKey(): string {
    return this.plcLog.at(-1)!.verificationMethods['atproto']!
  }

  /** The account after a restart. */
  async restart(): Promise<void> {
    this.fault = () => {}
    const { did, account } = this
    closeOutboxes(account)
    this.account = emptyAccount(did, { after: account })
    await provisionOrResume(this.account, async () => null)
  }

  ports(): RotationPorts {
    const { directory, did } = this
    const call = <A extends unknown[], R>(name: string, run: (...args: A) => Promise<R>) => {
      return async (...args: A): Promise<R> => {
        this.calls.push(name)
        this.fault(name, 'before')
        const result = await run(...args)
        this.fault(name, 'after')
        return result
      }
    }
    const plc: PlcDirectory = {
      sendOperation: call('plc.send', (_did, op) => {
        this.#accepting = this.#accepting
          .catch(() => {})
          .then(() => this.#accept(op as PlcOperation))
        return this.#accepting
      }),
      getDocumentData: call('plc.data', async () => ({ did, ...this.plcLog.at(-1)! })),
      getLastOp: call('plc.lastOp', async () => this.plcLog.at(-1)!),
      getOperationLog: async () => this.plcLog,
    }
    const resolve = async () => ({ ...plcDidDocument({ did, ...this.plcLog.at(-1)! }), id: did })
    return {
      dispatch: {
        directory: {
          keys: { find: call('keys.find', (input) => findReservedKey(directory, input)) },
          keyRotations: {
            record: call('note', (input) => recordKeyRotation(directory, input)),
            list: call('list', (input) => listKeyRotations(directory, input)),
            end: call('end', (input) => endKeyRotation(directory, input)),
          },
        },
        account: () => ({
          keys: {
            getSigningKeyDids: call('names', () => getSigningKeyDids(this.account)),
            begin: call('begin', (input) => beginKeyRotation(this.account, input)),
            finish: call('finish', (input) => finishKeyRotation(this.account, input)),
            abandon: call('abandon', (input) => abandonKeyRotation(this.account, input)),
          },
        }),
      },
      plc,
      rotationKey: this.#rotationKey,
      keys,
      resolver: { resolve, refresh: call('resolve', resolve) },
      log: { info: () => {}, warn: () => {} },
    }
  }

  /**
   * As plc.directory: accepts only operations that follow the last one and are signed with one of its rotation keys.
   */
  async #accept(op: PlcOperation): Promise<void> {
    const log = await Promise.all(
      this.plcLog.map(async (operation) => {
        const { cid } = await getLastOpWithCid([operation])
        return { did: this.did, operation, cid, nullified: false, createdAt: new Date() }
      }),
    )
    await assureValidNextOp(this.did, log, op)
    this.plcLog.push(op)
  }
}
