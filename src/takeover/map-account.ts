/** Maps an account of the reference to what Headwater stores of it (docs/design/takeover.md has the table). */
import { createHash } from 'node:crypto'
import type { TakenOver, TakenOverBlob, TakenOverGrant } from '#src/account/lifecycle/taken-over.ts'
import type { DirectoryTakeoverAccount } from '#src/directory/takeover.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import { statusOf } from '#src/rules/states.ts'
import type { AccountRows, ActorRow, TokenRow } from '#src/takeover/account-rows.ts'
import type { StoreBlob } from '#src/takeover/actor-store.ts'
import type { ReferenceAccount } from '#src/takeover/read-account.ts'

/** SHA-256, base64url: the form of the token index and of grants. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}

/** An account without a handle gets one that ends in .invalid. */
export function handleOf({ did, handle }: Pick<ActorRow, 'did' | 'handle'>): string {
  return (
    handle?.toLowerCase() ??
    `${hashOf(did)
      .toLowerCase()
      .replaceAll(/[^a-z0-9]/g, '')}.invalid`
  )
}

/** `records` and `blobs` are how many were added. */
export function mapAccount(
  account: ReferenceAccount,
  keys: Pick<Keychain, 'seal'>,
  { records, blobs }: { records: number; blobs: number },
): TakenOver {
  const { did, rows, key, root } = account
  const { actor } = rows
  return {
    profile: {
      handle: handleOf(actor),
      email: actor.email?.toLowerCase() ?? null,
      emailConfirmedAt: actor.emailConfirmedAt,
      passwordHash: actor.passwordScrypt,
      deactivatedAt: actor.deactivatedAt,
      deleteAfter: actor.deactivatedAt === null ? null : actor.deleteAfter,
      takedownRef: actor.takedownRef,
      createdAt: actor.createdAt,
    },
    signingKey: keys.seal(key, did),
    signingKeyDid: signingKey(key).did(),
    root: root?.block ? { cid: root.cid, rev: root.rev, block: root.block } : null,
    records,
    blobs,
    takedowns: account.records.flatMap(({ path, takedownRef }) => {
      return takedownRef === null ? [] : [[path, takedownRef] as const]
    }),
    preferences: preferencesOf(account),
    appPasswords: rows.appPasswords.map(({ name, passwordScrypt, privileged, createdAt }) => {
      const isPrivileged = privileged !== 0
      return { name, hash: passwordScrypt, privileged: isPrivileged, createdAt: time(createdAt) }
    }),
    refreshTokens: rows.refreshTokens.map((token) => {
      return { ...token, expiresAt: time(token.expiresAt) }
    }),
    grants: rows.tokens.map((token) => grantOf(did, token, rows)),
    devices: rows.accountDevices.map(({ deviceId, createdAt, updatedAt }) => {
      return { id: deviceId, createdAt: time(createdAt), updatedAt: time(updatedAt) }
    }),
    clients: rows.clients.map(({ clientId, data, createdAt, updatedAt }) => {
      return { id: clientId, data, createdAt: time(createdAt), updatedAt: time(updatedAt) }
    }),
  }
}

export function mapBlob({ createdAt, ...blob }: StoreBlob): TakenOverBlob {
  return { ...blob, createdAt: time(createdAt) }
}

export function mapDirectoryAccount({ actor }: AccountRows): DirectoryTakeoverAccount {
  const { did, deactivatedAt, deleteAfter, takedownRef } = actor
  const isDue = deactivatedAt !== null && deleteAfter !== null
  return {
    did,
    handle: handleOf(actor),
    email: actor.email?.toLowerCase() ?? null,
    status: statusOf({ deactivatedAt, takedownRef, suspendedAt: null }),
    invitesDisabled: actor.invitesDisabled === 1,
    createdAt: time(actor.createdAt),
    deleteAfter: isDue ? time(deleteAfter) : null,
  }
}

function preferencesOf({ preferences }: ReferenceAccount): string {
  return JSON.stringify(
    preferences.map(({ name, valueJson }) => ({ $type: name, ...JSON.parse(valueJson) })),
  )
}

function grantOf(did: string, token: TokenRow, { usedTokens }: AccountRows): TakenOverGrant {
  const { clientId, deviceId, scope, code, currentRefreshToken } = token
  const clientAuth = JSON.parse(token.clientAuth) as unknown
  const parameters = JSON.parse(token.parameters) as unknown
  return {
    id: token.tokenId,
    refreshHash: currentRefreshToken === null ? null : hashOf(currentRefreshToken),
    codeHash: code === null ? null : hashOf(code),
    data: JSON.stringify({ clientId, clientAuth, deviceId, did, parameters, scope }),
    expiresAt: time(token.expiresAt),
    createdAt: time(token.createdAt),
    updatedAt: time(token.updatedAt),
    spent: usedTokens.flatMap(({ refreshToken, tokenId }) => {
      return tokenId === token.id ? [hashOf(refreshToken)] : []
    }),
  }
}

function time(iso: string): number {
  return Date.parse(iso)
}
