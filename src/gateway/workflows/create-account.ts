/**
 * The making of an account, step by step, with the directory as referee (com.atproto.server.createAccount).
 *
 * 1. Reserve handle, email and invite code for a DID that nobody has heard of yet, and note its sealed signing key.
 * 2. Publish the DID, which cannot be taken back, only ended: so its key is durable before. Meanwhile the password is
 *    hashed, which takes longest.
 * 3. Confirm the reservation: the account's birth is complete, and from here on the account exists.
 * 4. Answer. The tokens are issued here; the account will know them from its birth.
 * 5. Behind the answer the account is woken, makes itself from its birth, and announces itself.
 *
 * Every step may be repeated. Whoever dies before 3 leaves a reservation that expires, and its birth with it; whoever
 * dies after it leaves an account that is born when somebody calls it, or when it is reminded.
 */
import type { InitialState } from '#src/account/initial-state.ts'
import {
  type CreateAccountInput,
  type NewAccount,
  validateInput,
} from '#src/gateway/workflows/create-account-input.ts'
import type { HandleRules } from '#src/gateway/workflows/handle-rules.ts'
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
import { issueTokens, newTokenId, type TokenContext } from '#src/rules/session-tokens.ts'

/** What the creation asks of the directory. */
export interface CreationDispatch {
  directory: {
    accounts: {
      reserve(
        input: Pick<InitialState, 'handle' | 'email' | 'signingKey' | 'signingKeyDid'> & {
          did: string
          inviteCode?: string
          isMigratingIn?: boolean
        },
      ): Promise<void>
      confirm(
        input: Pick<InitialState, 'passwordHash' | 'tokenId' | 'createdAt'> & { did: string },
      ): Promise<void>
      release(input: { did: string }): Promise<{ released: boolean }>
    }
  }
}

export interface CreateAccountDeps {
  dispatch: CreationDispatch
  /** Wakes a new account some time soon. */
  wakeQueue: { add(did: string): void }
  plc: PlcDirectory
  keys: Keychain
  clock: Clock
  log: Pick<Log, 'warn'>
  /** The server's key for operations of did:plc. */
  rotationKey: SigningKey
  /** A did:key of the operator's, stronger than the server's (PDS_RECOVERY_DID_KEY). */
  recoveryKey?: string
  service: { publicUrl: string }
  handleRules(): Promise<HandleRules>
  inviteRequired: boolean
  /** What session tokens are made with. */
  tokens: Omit<TokenContext, 'now'>
}

/** Output of com.atproto.server.createAccount. */
export interface CreatedAccount {
  did: string
  handle: string
  accessJwt: string
  refreshJwt: string
  /** As it is published, where that is known without asking. */
  didDoc?: DidDocument
}

/** Makes an account with a new did:plc. Throws 400 as `checkInput` and the directory say. */
export async function createAccount(
  deps: CreateAccountDeps,
  input: CreateAccountInput,
): Promise<CreatedAccount> {
  const wanted = validateInput({ ...deps, handles: await deps.handleRules() }, input)
  const { privateKey, key } = newSigningKey()
  const genesis = await genesisFor(deps, wanted, key)
  const { did } = genesis
  const session = { tokenId: newTokenId(), now: deps.clock.now() }
  const published = { tried: false }
  try {
    await reserve(deps, wanted, did, { privateKey, key })
    await confirm(deps, wanted, genesis, session, published)
  } catch (error) {
    if (await rollBack(deps, genesis, published.tried)) throw error
  }
  deps.wakeQueue.add(did)
  const { tokenId, now } = session
  const tokens = issueTokens({ did, tokenId }, { ...deps.tokens, now })
  return { did, handle: wanted.handle, ...tokens, didDoc: plcDidDocument({ ...genesis.op, did }) }
}

function genesisFor(
  { rotationKey, recoveryKey, service }: CreateAccountDeps,
  wanted: NewAccount,
  key: SigningKey,
): Promise<Genesis> {
  const keys = [wanted.recoveryKey, recoveryKey, rotationKey.did()]
  const rotationKeys = [...new Set(keys.filter((did) => did !== undefined))]
  const account = { handle: wanted.handle, pds: service.publicUrl, signingKey: key.did() }
  return genesisOperation({ ...account, rotationKeys }, rotationKey)
}

/** Step 1. */
function reserve(
  { dispatch, keys }: CreateAccountDeps,
  { handle, email, inviteCode }: NewAccount,
  did: string,
  { privateKey, key }: { privateKey: Uint8Array; key: SigningKey },
): Promise<void> {
  return dispatch.directory.accounts.reserve({
    did,
    handle,
    email,
    signingKey: keys.seal(privateKey, did),
    signingKeyDid: key.did(),
    ...(inviteCode === undefined ? {} : { inviteCode }),
  })
}

/** Steps 2 and 3. */
async function confirm(
  { dispatch, plc }: CreateAccountDeps,
  { password }: NewAccount,
  { did, op }: Genesis,
  { tokenId, now }: { tokenId: string; now: number },
  published: { tried: boolean },
): Promise<void> {
  published.tried = true
  const hash = password === undefined ? null : hashPassword(password)
  const both = [hash, plc.sendOperation(did, op)] as const
  // Both to their end: a DID still on its way could not be ended.
  await Promise.allSettled(both)
  const [passwordHash] = await Promise.all(both)
  const confirmation = { did, passwordHash, tokenId, createdAt: new Date(now).toISOString() }
  await retryTransient(() => dispatch.directory.accounts.confirm(confirmation))
}

/**
 * Takes back what can be. False where the account turns out to be confirmed, so that there is no way back and
 * none is needed. The DID is ended only after the directory has let go of it.
 */
async function rollBack(
  { dispatch, plc, rotationKey, log }: CreateAccountDeps,
  { did, op }: Genesis,
  mayBePublished: boolean,
): Promise<boolean> {
  try {
    const { released } = await dispatch.directory.accounts.release({ did })
    if (!released) return false
    const isPublished = mayBePublished && (await plc.getLastOp(did)) !== undefined
    if (isPublished) await plc.sendOperation(did, await tombstoneOperation(op, rotationKey))
  } catch (error) {
    log.warn({ did, err: error }, 'a failed account creation could not be taken back')
  }
  return true
}
