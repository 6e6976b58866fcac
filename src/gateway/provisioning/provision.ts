/**
 * Creates accounts for a tenant, any number at once.
 *
 * 1. Reserve the names and the external id, with the sealed signing key and the first operation of the DID.
 * 2. Publish the DID. Its operation is the stored one, so an attempt that continues an earlier one publishes the same.
 * 3. Confirm: the account exists.
 * 4. Wake it, or leave that to its reminder.
 *
 * Every step may be repeated, by any process, with the same external id; 1 and 3 are one transaction for many accounts.
 * A reservation is given up only if the PLC directory has refused the DID.
 */
import type {
  TenantConfirmation,
  TenantReservation,
  TenantReservationAnswer,
  TenantReservations,
} from '#src/directory/tenant-reservations.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { Batcher } from '#src/gateway/provisioning/batcher.ts'
import type { CheckedAccount } from '#src/gateway/provisioning/check-account.ts'
import { type CreateAccountPorts, genesisFor } from '#src/gateway/workflows/create-account.ts'
import { retryTransient } from '#src/gateway/workflows/retry-transient.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { Slots } from '#src/ports/slots.ts'
import type { PlcOperation } from '#src/protocol/plc-operation.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { issueTokens, newTokenId, type SessionTokens } from '#src/rules/session-tokens.ts'

export interface ProvisionDispatch {
  directory: {
    accounts: {
      reserveForTenant(input: TenantReservations): Promise<TenantReservationAnswer[]>
      confirmForTenant(input: {
        accounts: TenantConfirmation[]
        areAdopted?: boolean
      }): Promise<('confirmed' | 'existing' | 'expired')[]>
      release(input: { did: string }): Promise<{ released: boolean }>
    }
  }
}

export interface ProvisionPorts extends Omit<CreateAccountPorts, 'dispatch' | 'wakeQueue'> {
  dispatch: ProvisionDispatch
  wakeQueue: { add(did: string): void }
  /** Of requests to the PLC directory, for all tenants. */
  plcSlots: Slots
}

export interface Provisioned {
  status: 'created' | 'existing'
  did: string
  handle: string
  session?: SessionTokens
}

export interface Provisioner {
  /**
   * Throws 400 ExternalIdTaken, HandleNotAvailable, InvalidRequest, 413 QuotaExceeded, 403 TenantSuspended, and 502 if the
   * PLC directory cannot be reached: then the same call continues where this one stopped. No DID is published before
   * `audited` resolves: the call has its row in the tenant's audit log then.
   */
  create(account: CheckedAccount, audited?: Promise<void>): Promise<Provisioned>
}

/**
 * A transaction of the directory costs little more for many accounts than for one: they share pages of its indexes. Those
 * of a file come as fast as the PLC directory takes them, so they wait for each other.
 */
export const batching = {
  one: { max: 64, quietMs: 0, maxWaitMs: 0 },
  many: { max: 32, quietMs: 25, maxWaitMs: 100 },
}

/** For one call, file or job of a tenant. */
export function openProvisioner(
  ports: ProvisionPorts,
  tenant: string,
  batch = batching.one,
): Provisioner {
  const { accounts } = ports.dispatch.directory
  const reserve = new Batcher<TenantReservation, TenantReservationAnswer>(batch, (all) =>
    retryTransient(() => accounts.reserveForTenant({ tenant, accounts: all })),
  )
  const confirm = new Batcher(batch, (all: readonly TenantConfirmation[]) =>
    retryTransient(() => accounts.confirmForTenant({ accounts: [...all] })),
  )
  return {
    create: async (account, audited) => {
      const passwordHash = hashOf(account)
      const reserving = newReservation(ports, account).then((one) => reserve.add(one))
      const [reserved] = await Promise.all([reserving, audited])
      if (reserved.type === 'refused') throw refusal(reserved.refusal)
      const { did, handle } = reserved
      if (reserved.type === 'existing') return { status: 'existing', did, handle }
      // If the hash has failed already, no DID may be published.
      await Promise.race([passwordHash, undefined])
      await ports.plcSlots.run(() => publish(ports, did, reserved.genesis))
      const tokenId = account.session ? newTokenId() : null
      const now = ports.clock.now()
      const createdAt = isoTime(now)
      const hash = await passwordHash
      const answer = await confirm.add({ did, tokenId, createdAt, passwordHash: hash })
      if (answer === 'expired') {
        throw invalidRequest('The reservation has expired, please try again')
      }
      if (answer === 'existing') return { status: 'existing', did, handle }
      ports.wakeQueue.add(did)
      if (tokenId === null) return { status: 'created', did, handle }
      const session = await issueTokens({ did, tokenId }, { ...ports.tokens, now })
      return { status: 'created', did, handle, session }
    },
  }
}

export function refusal({ status, error, message }: Omit<XrpcError, 'name'>): XrpcError {
  return new XrpcError(status, error, message)
}

function hashOf({ password }: CheckedAccount): Promise<string> | null {
  if (password === undefined) return null
  const hash = hashPassword(password)
  // Awaited before the confirmation, and not at all if an earlier step fails.
  hash.catch(() => {})
  return hash
}

async function newReservation(
  ports: ProvisionPorts,
  account: CheckedAccount,
): Promise<TenantReservation> {
  const { externalId, handle, isHandleGenerated, email = null, group, records } = account
  const { privateKey, key } = newSigningKey()
  const { did, op } = await genesisFor(ports, account, key)
  return {
    ...{ did, externalId, handle, isHandleGenerated, email, genesis: JSON.stringify(op) },
    signingKey: ports.keys.seal(privateKey, did),
    signingKeyDid: key.did(),
    ...(group !== undefined && { group }),
    ...(records.length > 0 && { records }),
  }
}

async function publish(ports: ProvisionPorts, did: string, genesis: string | null): Promise<void> {
  if (genesis === null) return
  const { plc, dispatch } = ports
  try {
    await plc.sendOperation(did, JSON.parse(genesis) as PlcOperation)
  } catch (error) {
    // An earlier attempt may have published it.
    if ((await plc.getLastOp(did)) !== undefined) return
    if (error instanceof XrpcError && error.status === 400) {
      await dispatch.directory.accounts.release({ did })
    }
    throw error
  }
}
