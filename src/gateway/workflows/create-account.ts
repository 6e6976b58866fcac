/**
 * com.atproto.server.createAccount with a new DID; the directory decides between concurrent requests.
 *
 * 1. Reserve handle, email and invite code for a DID that is not published yet, and store its sealed signing key.
 * 2. Publish the DID. That cannot be undone, only followed by a tombstone, so its key is durable before. From the
 *    beginning of 1 on the password is hashed, which takes longest.
 * 3. Confirm the reservation: the account's initial state is complete, and from here on the account exists.
 * 4. Respond. The tokens are issued here; the account finds their id in its initial state.
 * 5. After the response the account is woken, provisions itself from its initial state, and emits its first events.
 *
 * Every step may be repeated. If the process exits before 3, the reservation expires, and the initial state with it. If
 * it exits after 3, the account provisions itself with its next call or reminder.
 */
import type { GroupState, InitialState } from '#src/account/initial-state.ts'
import type { HandleRules } from '#src/gateway/identity/handle-rules.ts'
import {
  type CreateAccountInput,
  type NewAccount,
  validateInput,
} from '#src/gateway/workflows/create-account-input.ts'
import { retryTransient } from '#src/gateway/workflows/retry-transient.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import type { PlcDirectory } from '#src/ports/plc-directory.ts'
import { newSigningKey, type SigningKey } from '#src/ports/secp256k1.ts'
import type { DidDocument } from '#src/protocol/did-document.ts'
import {
  type Genesis,
  genesisOperation,
  plcDidDocument,
  tombstoneOperation,
} from '#src/protocol/plc-operation.ts'
import { isoTime } from '#src/rules/iso-time.ts'
import { issueTokens, newTokenId, type TokenContext } from '#src/rules/session-tokens.ts'

export interface CreationDispatch {
  directory: {
    accounts: {
      reserve(
        input: Pick<InitialState, 'handle' | 'email' | 'signingKey' | 'signingKeyDid'> & {
          did: string
          inviteCode?: string
          isMigratingIn?: boolean
          network?: string
          group?: GroupState
          maxGroups?: number
        },
      ): Promise<unknown>
      confirm(
        input: Pick<InitialState, 'passwordHash' | 'tokenId' | 'createdAt'> & { did: string },
      ): Promise<void>
      release(input: { did: string }): Promise<{ released: boolean }>
    }
  }
}

export interface CreateAccountPorts {
  dispatch: CreationDispatch
  /** Wakes the account soon after the response. */
  wakeQueue: { add(did: string): void }
  plc: PlcDirectory
  keys: Keychain
  clock: Clock
  log: Pick<Log, 'warn'>
  rotationKey: SigningKey
  /** The operator's did:key, which takes precedence over the server's (PDS_RECOVERY_DID_KEY). */
  recoveryKey?: string
  service: { publicUrl: string }
  handleRules(): Promise<HandleRules>
  inviteRequired: boolean
  tokens: Omit<TokenContext, 'now'>
}

export interface CreatedAccount {
  did: string
  handle: string
  accessJwt: string
  refreshJwt: string
  /** The published DID document, if it is known without a lookup. */
  didDoc?: DidDocument
}

/** `network` is the address block of the caller. */
export interface Origin {
  byAdmin?: boolean
  network?: string
  newGroup?: NewGroup
}

/** A group account; its creator may own `maxGroups`. */
export interface NewGroup {
  group: GroupState
  maxGroups: number
}

/** Creates an account with a new did:plc. Throws 400 as `validateInput` and the directory. */
export async function createAccount(
  ports: CreateAccountPorts,
  input: CreateAccountInput,
  { byAdmin = false, network, newGroup }: Origin = {},
): Promise<CreatedAccount> {
  const isGroup = newGroup !== undefined
  const handles = await ports.handleRules()
  const account = validateInput({ ...ports, byAdmin, isGroup, handles }, input)
  const passwordHash = hashOf(account)
  const { privateKey, key } = newSigningKey()
  const genesis = await genesisFor(ports, account, key)
  const { did } = genesis
  const session = { tokenId: newTokenId(), now: ports.clock.now() }
  const publication = { isTried: false }
  try {
    const origin = { ...newGroup, ...(network !== undefined && { network }) }
    await reserve(ports, { ...account, ...origin }, did, { privateKey, key })
    await confirm(ports, passwordHash, genesis, session, publication)
  } catch (error) {
    if (await rollBack(ports, genesis, publication.isTried)) throw error
  }
  ports.wakeQueue.add(did)
  const { tokenId, now } = session
  const tokens = await issueTokens({ did, tokenId }, { ...ports.tokens, now })
  return { did, handle: account.handle, ...tokens, didDoc: plcDidDocument({ ...genesis.op, did }) }
}

function hashOf({ password }: NewAccount): Promise<string> | null {
  if (password === undefined) return null
  const hash = hashPassword(password)
  // Awaited in step 3, and not at all if an earlier step fails.
  hash.catch(() => {})
  return hash
}

export function genesisFor(
  {
    rotationKey,
    recoveryKey,
    service,
  }: Pick<CreateAccountPorts, 'rotationKey' | 'recoveryKey' | 'service'>,
  { handle, recoveryKey: ownRecoveryKey }: Pick<NewAccount, 'handle' | 'recoveryKey'>,
  key: SigningKey,
): Promise<Genesis> {
  const keys = [ownRecoveryKey, recoveryKey, rotationKey.did()]
  const rotationKeys = [...new Set(keys.filter((did) => did !== undefined))]
  const account = { handle, pds: service.publicUrl, signingKey: key.did() }
  return genesisOperation({ ...account, rotationKeys }, rotationKey)
}

/** Step 1. */
function reserve(
  { dispatch, keys }: CreateAccountPorts,
  {
    handle,
    email,
    inviteCode,
    network,
    group,
    maxGroups,
  }: NewAccount & Pick<Origin, 'network'> & Partial<NewGroup>,
  did: string,
  { privateKey, key }: { privateKey: Uint8Array; key: SigningKey },
): Promise<unknown> {
  return dispatch.directory.accounts.reserve({
    did,
    handle,
    email: email ?? null,
    signingKey: keys.seal(privateKey, did),
    signingKeyDid: key.did(),
    ...(inviteCode === undefined ? {} : { inviteCode }),
    ...(network === undefined ? {} : { network }),
    ...(group !== undefined && { group }),
    ...(maxGroups !== undefined && { maxGroups }),
  })
}

/** Steps 2 and 3. */
async function confirm(
  { dispatch, plc }: CreateAccountPorts,
  hash: Promise<string> | null,
  { did, op }: Genesis,
  { tokenId, now }: { tokenId: string; now: number },
  publication: { isTried: boolean },
): Promise<void> {
  // A hash that has failed already must not leave behind a DID with a tombstone.
  await Promise.race([hash, undefined])
  publication.isTried = true
  const both = [hash, plc.sendOperation(did, op)] as const
  // Wait for both: a rollback could not tombstone a DID whose operation is still in flight.
  await Promise.allSettled(both)
  const [passwordHash] = await Promise.all(both)
  const confirmation = { did, passwordHash, tokenId, createdAt: isoTime(now) }
  await retryTransient(() => dispatch.directory.accounts.confirm(confirmation))
}

/**
 * Releases the reservation, and only then tombstones the DID. Returns false if the account turns out to be confirmed:
 * then it exists, and creation has succeeded.
 */
async function rollBack(
  { dispatch, plc, rotationKey, log }: CreateAccountPorts,
  { did, op }: Genesis,
  mayBePublished: boolean,
): Promise<boolean> {
  try {
    const { released } = await dispatch.directory.accounts.release({ did })
    if (!released) return false
    const isPublished = mayBePublished && (await plc.getLastOp(did)) !== undefined
    if (isPublished) await plc.sendOperation(did, await tombstoneOperation(op, rotationKey))
  } catch (error) {
    log.warn({ did, err: error }, 'rolling back a failed account creation failed')
  }
  return true
}
