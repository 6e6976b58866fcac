/**
 * Restores an archive: an import (`repo/import.ts`) that also replaces the preferences in the same transaction. Everything else
 * of an account that is here stays: a password that was changed since, or a member that was removed, must not become valid
 * again. An account that was just created for the restore gets the private part of the archive too, and is taken down again if
 * it was.
 */
import type { Account } from '#src/account/account.ts'
import type { PrivateState } from '#src/account/archive/private-state.ts'
import { restoreRows } from '#src/account/archive/restore-rows.ts'
import { finishImport, runStep } from '#src/account/repo/import.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import type { IdempotencyKey } from '#src/rules/actions.ts'
import { archiveStateContext } from '#src/rules/archive-state.ts'

/** `private` is absent if the archive has no private part. */
export interface RestoredState {
  /** The archive's name, for the audit log. */
  archive: string
  /** A JSON array. */
  preferences: string
  private?: PrivateState
  /** Whether an account that is here gets the private part too: password, factors, authorized apps and members. */
  withCredentials?: boolean
}

export const MAX_STATE_BYTES = 96 * 1024 * 1024

/**
 * Part `n`, counted from 0, of the state for the open import, sealed by the keychain and at most 512 KiB. Idempotent.
 * Throws 413 if it is too large, 503 if the import was interrupted.
 */
export async function addRestoredState(
  account: Account,
  { id, n, bytes }: { id: string; n: number; bytes: Uint8Array },
): Promise<void> {
  await runStep(account, id, async (open) => {
    open.state ??= { parts: [], bytes: 0 }
    const { parts } = open.state
    if (n < parts.length) return
    if (n > parts.length) throw invalidRequest('A part of the state is missing')
    if (open.state.bytes + bytes.length > MAX_STATE_BYTES) {
      throw new XrpcError(413, 'PayloadTooLarge', 'The private part of the archive is too large')
    }
    parts.push(Uint8Array.from(bytes))
    open.state.bytes += bytes.length
  })
}

/**
 * As `finishImport`: repeat it until it is `done`. If the private part is restored, all sessions end. Throws 400 also if the
 * state cannot be read.
 */
export function finishRestore(
  account: Account,
  input: { id: string; keys: readonly string[] },
  key?: IdempotencyKey,
): Promise<{ done: boolean }> {
  return account.membershipMirror.run(async () => {
    try {
      await prepareState(account, input.id)
      const answer = await finishImport(account, input, key)
      account.profile.forget()
      // If this fails, the directory asks the account before it deletes it.
      if (answer.done) await account.directoryMirror.push().catch(() => {})
      return answer
    } finally {
      account.profile.forget()
      account.factorKinds.clear()
      account.accessTokens.clear()
    }
  })
}

async function prepareState(account: Account, id: string): Promise<void> {
  await runStep(account, id, async (open) => {
    if (open.addition !== undefined) return
    const state = readState(account, open.state?.parts ?? [])
    open.addition = (rev) => restoreRows(account, state, rev)
    open.state = undefined
  })
}

function readState({ keys, did }: Account, parts: readonly Uint8Array[]): RestoredState {
  let state: RestoredState
  try {
    state = JSON.parse(
      Buffer.from(keys.open(Buffer.concat(parts), archiveStateContext(did))).toString(),
    )
  } catch {
    throw invalidRequest('The state of the archive cannot be read')
  }
  const { version = 1 } = state.private ?? {}
  if (version !== 1) throw invalidRequest(`The private part has the version ${version}`)
  return state
}
