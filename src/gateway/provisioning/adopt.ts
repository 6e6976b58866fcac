/**
 * Adopts DIDs for a tenant. The proof is the DID document, which only the controller of the DID can publish: it must name
 * this server and a signing key that was reserved here. The accounts begin with an empty repo and are active at once.
 */
import type {
  TenantConfirmation,
  TenantReservation,
  TenantReservationAnswer,
} from '#src/directory/tenant-reservations.ts'
import { invalidRequest } from '#src/errors.ts'
import { type DidCheckPorts, mustPointHere } from '#src/gateway/identity/did-check.ts'
import type { HandleRules } from '#src/gateway/identity/handle-rules.ts'
import { validateNewHandle } from '#src/gateway/identity/validate-handle.ts'
import { Batcher } from '#src/gateway/provisioning/batcher.ts'
import {
  batching,
  type Provisioned,
  type ProvisionPorts,
  refusal,
} from '#src/gateway/provisioning/provision.ts'
import type { MigrateInDispatch } from '#src/gateway/workflows/migrate-in.ts'
import { retryTransient } from '#src/gateway/workflows/retry-transient.ts'
import { claimedHandle, verificationKey } from '#src/protocol/did-document.ts'

export interface AdoptPorts
  extends Pick<ProvisionPorts, 'keys' | 'clock' | 'plcSlots' | 'wakeQueue'>,
    DidCheckPorts {
  dispatch: ProvisionPorts['dispatch'] & {
    directory: { keys: Pick<MigrateInDispatch['directory']['keys'], 'find'> }
  }
}

export interface DidToAdopt {
  did: string
  /** Default: that of the DID document. */
  handle?: string
  /** Default: the DID. */
  externalId?: string
}

export interface Adopter {
  /**
   * Throws 400 InvalidRequest if the document does not name this server, a reserved key and the handle; and as
   * `Provisioner`.
   */
  adopt(account: DidToAdopt, rules: HandleRules): Promise<Provisioned>
}

/** For one file or job of a tenant. */
export function openAdopter(ports: AdoptPorts, tenant: string): Adopter {
  const { accounts } = ports.dispatch.directory
  const reserve = new Batcher<TenantReservation, TenantReservationAnswer>(batching.many, (all) =>
    retryTransient(() => accounts.reserveForTenant({ tenant, accounts: all })),
  )
  const confirm = new Batcher(batching.many, (all: readonly TenantConfirmation[]) =>
    retryTransient(() => accounts.confirmForTenant({ accounts: [...all], areAdopted: true })),
  )
  return {
    async adopt({ did, handle: wanted, externalId = did }, rules) {
      const known = await ports.plcSlots.run(() => provenByDocument(ports, { did, wanted }))
      const handle = validateNewHandle(known.handle, rules, { tenant })
      const reserved = await reserve.add({ ...known, did, externalId, handle, email: null })
      if (reserved.type === 'refused') throw refusal(reserved.refusal)
      if (reserved.did !== did) {
        const message = `The account of this external id is ${reserved.did}`
        throw invalidRequest(message, 'ExternalIdTaken')
      }
      if (reserved.type === 'existing') return { status: 'existing', did, handle: reserved.handle }
      const createdAt = new Date(ports.clock.now()).toISOString()
      const answer = await confirm.add({ did, createdAt, tokenId: null, passwordHash: null })
      if (answer === 'expired') {
        throw invalidRequest('The reservation has expired, please try again')
      }
      if (answer === 'existing') return { status: 'existing', did, handle }
      ports.wakeQueue.add(did)
      return { status: 'created', did, handle }
    },
  }
}

/** What the DID document proves. The key of an account that was adopted before is not reserved any more. */
async function provenByDocument(
  ports: AdoptPorts,
  { did, wanted }: { did: string; wanted: string | undefined },
): Promise<Pick<TenantReservation, 'handle' | 'signingKey' | 'signingKeyDid' | 'mustExist'>> {
  const document = await ports.resolver.refresh(did)
  if (document === undefined) throw invalidRequest('Could not resolve DID')
  const published = verificationKey(document, 'atproto')
  const handle = claimedHandle(document)?.toLowerCase()
  if (handle === undefined || (wanted !== undefined && wanted.toLowerCase() !== handle)) {
    throw invalidRequest(`The DID document names ${handle ?? 'no handle'}`, 'InvalidHandle')
  }
  if (published === undefined) {
    throw invalidRequest('DID document verification method does not match expected signing key')
  }
  await mustPointHere(ports, { did, signingKey: published })
  const reserved = await ports.dispatch.directory.keys.find({ names: [did, published] })
  if (reserved?.signingKeyDid !== published) {
    return { handle, signingKey: new Uint8Array(), signingKeyDid: published, mustExist: true }
  }
  const privateKey = ports.keys.open(reserved.signingKey, reserved.name)
  return { handle, signingKey: ports.keys.seal(privateKey, did), signingKeyDid: published }
}
