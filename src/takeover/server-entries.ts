/** What the server as a whole knows of the accounts: the directory, the heads in the log, and the shards of OAuth. */
import type { Dispatch } from '#src/engine/dispatch.ts'
import { AUTHORIZATION_SHARDS, shardNumberOf } from '#src/gateway/oauth/shards.ts'
import type { Keychain } from '#src/ports/keychain.ts'
import { signingKey } from '#src/ports/secp256k1.ts'
import type { AccountDatabase, AccountRows, DeviceRow } from '#src/takeover/account-rows.ts'
import { hashOf, mapDirectoryAccount } from '#src/takeover/map-account.ts'
import type { Report } from '#src/takeover/progress.ts'
import type { ReferenceFolder } from '#src/takeover/reference-folder.ts'
import type { TakenAccount } from '#src/takeover/taken-accounts.ts'

interface EntryPorts {
  folder: ReferenceFolder
  accounts: AccountDatabase
  /** Those that were taken over. */
  taken: readonly TakenAccount[]
  dispatch: Pick<Dispatch, 'directory' | 'sequencer' | 'authorization'>
  keys: Pick<Keychain, 'seal'>
  now: number
  report: Report
}

const PAGE = 500
/** As the token index keeps the owner of a refresh token. */
const NAME_TTL_MS = 93 * 24 * 60 * 60 * 1000

/** Replaces what an earlier pass has put there. May be repeated at any time. */
export async function putServerEntries(ports: EntryPorts): Promise<void> {
  const { accounts, taken, report } = ports
  const { takeover } = ports.dispatch.directory
  const total = taken.length
  report({ step: 'directory', done: 0, total })
  await takeover.clear()
  for (const [i, page] of pages(taken).entries()) {
    const done = i * PAGE
    const rows = page.map(({ did }) => accounts.account(did)!)
    report({ step: 'directory', done, total })
    await takeover.putAccounts({ accounts: rows.map(mapDirectoryAccount) })
    const heads = page.map(({ did, cid, rev }) => ({ did, head: cid, rev }))
    report({ step: 'heads', done, total })
    await ports.dispatch.sequencer.heads.adopt({ heads })
    report({ step: 'sessions', done, total })
    await putGrants(ports, rows)
  }
  report({ step: 'invites' })
  await putInvites(ports)
  report({ step: 'keys' })
  await putKeys(ports)
}

async function putInvites({ accounts, dispatch }: EntryPorts): Promise<void> {
  const { takeover } = dispatch.directory
  const codes = accounts.inviteCodes().map(({ disabled, ...code }) => {
    return { ...code, disabled: disabled === 1 }
  })
  for (const page of pages(codes)) await takeover.putInvites({ codes: page, uses: [] })
  for (const uses of pages(accounts.inviteUses())) await takeover.putInvites({ codes: [], uses })
}

async function putKeys({ folder, dispatch, keys }: EntryPorts): Promise<void> {
  const reserved = folder.reservedKeys().map(({ name, key }) => {
    return { name, signingKey: keys.seal(key, name), signingKeyDid: signingKey(key).did() }
  })
  for (const page of pages(reserved)) await dispatch.directory.takeover.putKeys({ keys: page })
}

interface Shard {
  devices: DeviceRow[]
  deviceAccounts: { deviceId: string; did: string }[]
  names: { hash: string; did: string }[]
}

async function putGrants(
  { accounts, dispatch, now }: EntryPorts,
  rows: readonly AccountRows[],
): Promise<void> {
  const shards = Array.from({ length: AUTHORIZATION_SHARDS }, (): Shard => {
    return { devices: [], deviceAccounts: [], names: [] }
  })
  const shardOf = (name: string) => shards[shardNumberOf(name)]!
  for (const { actor, accountDevices, tokens, usedTokens } of rows) {
    const { did } = actor
    const refreshTokens = tokens.flatMap(({ currentRefreshToken }) => currentRefreshToken ?? [])
    const used = usedTokens.map(({ refreshToken }) => refreshToken)
    for (const name of [...tokens.map(({ tokenId }) => tokenId), ...refreshTokens, ...used]) {
      shardOf(name).names.push({ hash: hashOf(name), did })
    }
    for (const { deviceId } of accountDevices) {
      const device = accounts.device(deviceId)
      if (device === undefined) continue
      shardOf(deviceId).devices.push(device)
      shardOf(deviceId).deviceAccounts.push({ deviceId, did })
    }
  }
  const expiresAt = now + NAME_TTL_MS
  for (const [n, { devices, deviceAccounts, names }] of shards.entries()) {
    const { takeover } = dispatch.authorization(String(n))
    const found = devices.map(({ lastSeenAt, ...device }) => {
      return { ...device, lastSeenAt: Date.parse(lastSeenAt) }
    })
    for (const [i, page] of pages(found).entries()) {
      const links = deviceAccounts.slice(i * PAGE, (i + 1) * PAGE)
      await takeover.put({ devices: page, deviceAccounts: links, names: [], expiresAt })
    }
    for (const page of pages(names)) {
      await takeover.put({ devices: [], deviceAccounts: [], names: page, expiresAt })
    }
  }
}

function pages<T>(rows: readonly T[]): T[][] {
  const count = Math.ceil(rows.length / PAGE)
  return Array.from({ length: count }, (_, i) => rows.slice(i * PAGE, (i + 1) * PAGE))
}
