import { decode } from '@ipld/dag-cbor'
import { describe, expect, it } from 'vitest'
import { openArchive } from '#src/account/archive/open.ts'
import { beginTotp, confirmTotp, removeTotp } from '#src/account/factors/totp.ts'
import { addMember, removeMember } from '#src/account/group/members.ts'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { deleteAccount, finishDeletion } from '#src/account/lifecycle/delete-account.ts'
import { getPreferences, putPreferences } from '#src/account/preferences/preferences.ts'
import { getRecord } from '#src/account/repo/read.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord, deleteRecord } from '#src/account/repo/write.ts'
import {
  createAppPassword,
  findAppPassword,
  revokeAppPassword,
} from '#src/account/sessions/app-passwords.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import { rotateToken, storeToken } from '#src/account/sessions/refresh-tokens.ts'
import { removeDeletedAccount } from '#src/directory/due-deletions.ts'
import { createArchive } from '#src/gateway/archives/create-archive.ts'
import { drillArchive } from '#src/gateway/archives/drill-archive.ts'
import { restoreArchive } from '#src/gateway/archives/restore-archive.ts'
import { insufficientStorage } from '#src/ports/disk-space.ts'
import { verifyPassword } from '#src/ports/passwords.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import {
  addAccount,
  addBlob,
  alice,
  archiveServer,
  serverKey,
  testFolder,
} from '#tests/support/archive-server.ts'
import { deliveredKinds, type EmptyAccount } from '#tests/support/empty-account.ts'
import { eddie, makeGroup, olga, owner, vera } from '#tests/support/group-scenarios.ts'
import type { MemoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { post } from '#tests/support/records.ts'
import { exportedCar } from '#tests/support/repo-cars.ts'
import { totpCode } from '#tests/support/totp-code.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

const collection = 'app.bsky.feed.post'
const password = 'correct horse battery'
const appPassword = 'abcd-efgh-ijkl-mnop'
const preference = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }

async function withArchive() {
  const folder = testFolder()
  const server = archiveServer(folder)
  const account = await addAccount(server, alice)
  await setPassword(account, { password })
  await createAppPassword(account, { name: 'phone', password: appPassword, privileged: false })
  const { key } = await beginTotp(account)
  await confirmTotp(account, { code: totpCode(key, server.clock.now()) })
  await putPreferences(account, { preferences: [preference], fullAccess: true })
  const picture = await addBlob(account, 'a picture')
  for (const text of ['one', 'two']) {
    const record = { ...post(text), ...(text === 'two' && { picture }) }
    await createRecord(account, { collection, record, validate: false })
  }
  await account.blobs.whenReconciled()
  const { manifest } = await createArchive(server.ports, alice)
  server.clock.time += 3_600_000
  return { folder, server, account, manifest, picture }
}

async function texts({ sql }: EmptyAccount): Promise<string[]> {
  const rows = await sql.all<{ value: Uint8Array }>('SELECT value FROM record')
  return rows.map(({ value }) => decode<{ text: string }>(value).text).toSorted()
}

/** Paths of its records. */
async function paths({ sql }: EmptyAccount): Promise<{ rkey: string }[]> {
  const rows = await sql.all<{ path: string }>('SELECT path FROM record')
  return rows.map(({ path }) => ({ rkey: path.split('/')[1]! }))
}

/** Returns the rev. */
async function mustBeAsArchived(account: EmptyAccount): Promise<string> {
  const { passwordHash } = await account.profile.get()
  expect(await verifyPassword(password, passwordHash!)).toBe(true)
  expect(await findAppPassword(account, appPassword)).toMatchObject({ name: 'phone' })
  expect(await account.factorKinds.list()).toEqual(['totp'])
  return mustHaveArchivedRepo(account)
}

async function mustHaveArchivedRepo(account: EmptyAccount): Promise<string> {
  expect(await texts(account)).toEqual(['one', 'two'])
  await account.blobs.whenReconciled()
  const { files } = account.blobs.storage as MemoryBlobStorage
  expect(files.size).toBe(1)
  const { signingKeyDid: key } = await account.profile.get()
  const { cid, rev } = await verifiedRepo(await exportedCar(account), { did: alice, key })
  expect(cid).toBe((await account.lane.head()).cid)
  return rev
}

describe('restoring an account that is here', () => {
  async function changed() {
    const all = await withArchive()
    const { account } = all
    for (const { rkey } of await paths(account)) await deleteRecord(account, { collection, rkey })
    await createRecord(account, { collection, record: post('by a thief'), validate: false })
    await setPassword(account, { password: 'a new one' })
    await revokeAppPassword(account, { name: 'phone' })
    await putPreferences(account, { preferences: [], fullAccess: true })
    await account.blobs.whenReconciled()
    return all
  }

  it('puts back records, blobs and preferences under a later rev, with a #sync', async () => {
    const { server, account, manifest } = await changed()
    const before = await account.lane.head()
    const restored = await restoreArchive(server.ports, { did: alice })
    expect(restored).toMatchObject({
      ...{ archive: manifest.archive, created: false, records: 2, blobs: 1, missingBlobs: 0 },
      ...{ private: true, status: 'active' },
    })
    const rev = await mustHaveArchivedRepo(account)
    const { preferences } = await getPreferences(account, { fullAccess: true })
    expect(preferences).toEqual([preference])
    expect(rev > before.rev && rev > manifest.rev).toBe(true)
    expect(restored.rev).toBe(rev)
    expect((await deliveredKinds(account)).at(-1)).toBe('#sync')
    expect(account.delivered.at(-1)).toMatchObject({ kind: '#sync', rev })
  })

  it('makes no password, app password, factor or app valid again that was changed or revoked since', async () => {
    const { server, account } = await changed()
    const { handle, email, signingKeyDid } = await account.profile.get()
    await removeTotp(account)
    await restoreArchive(server.ports, { did: alice })
    const { passwordHash, ...row } = await account.profile.get()
    expect(await verifyPassword('a new one', passwordHash!)).toBe(true)
    expect(row).toMatchObject({ handle, email, signingKeyDid })
    expect(await findAppPassword(account, appPassword)).toBeUndefined()
    expect(await account.factorKinds.list()).toEqual([])
  })

  it('signs nobody out', async () => {
    const { server, account } = await withArchive()
    await account.sql.batch(storeToken(account, 'phone', server.clock.now()))
    await restoreArchive(server.ports, { did: alice })
    await expect(rotateToken(account, 'phone')).resolves.toBeDefined()
  })

  it('puts back password and factors if the operator says so, and ends all sessions', async () => {
    const { server, account } = await changed()
    await restoreArchive(server.ports, { did: alice, withCredentials: true })
    await mustBeAsArchived(account)
    await expect(rotateToken(account, alice)).resolves.toBeUndefined()
    expect((await account.profile.get()).deleteAfter).toBeNull()
  })

  it('may be repeated', async () => {
    const { server, account } = await withArchive()
    await restoreArchive(server.ports, { did: alice })
    await restoreArchive(server.ports, { did: alice })
    await mustBeAsArchived(account)
  })

  it('keeps what moderators have decided since', async () => {
    const { server, account } = await withArchive()
    const [{ rkey } = { rkey: '' }] = await paths(account)
    await setRecordTakedown(account, { collection, rkey, ref: 'case 1' })
    await restoreArchive(server.ports, { did: alice })
    await expect(getRecord(account, { collection, rkey })).rejects.toThrow()
  })

  it('keeps a record taken down that was so when it was archived, and deleted since', async () => {
    const { server, account } = await withArchive()
    const [{ rkey } = { rkey: '' }] = await paths(account)
    await setRecordTakedown(account, { collection, rkey, ref: 'case 1' })
    await createRecord(account, { collection, record: post('three'), validate: false })
    await createArchive(server.ports, alice)
    await deleteRecord(account, { collection, rkey })
    server.clock.time += 60_000
    await restoreArchive(server.ports, { did: alice })
    expect(await texts(account)).toEqual(['one', 'three', 'two'])
    await expect(getRecord(account, { collection, rkey })).rejects.toThrow()
  })

  it.each([false, true])(
    'has the members of a group as they are (with credentials: %s)',
    async (withCredentials) => {
      const { server, account } = await withArchive()
      await makeGroup(account, { [eddie]: 'editor' })
      await createRecord(account, { collection, record: post('three'), validate: false })
      await createArchive(server.ports, alice)
      server.clock.time += 60_000
      await removeMember(account, { by: owner, did: eddie })
      await addMember(account, { by: owner, did: vera, role: 'viewer' })
      account.sentMemberships.length = 0
      await restoreArchive(server.ports, { did: alice, withCredentials })
      const now = server.clock.now()
      const [member, gone] = withCredentials ? [eddie, vera] : [vera, eddie]
      expect(await account.members.find(member, now)).toBeDefined()
      expect(await account.members.find(gone, now)).toBeUndefined()
      const sent = account.sentMemberships.map(({ did, role }) => [did, role])
      const told = [
        [olga, 'owner'],
        [eddie, 'editor'],
        [vera, null],
      ]
      expect(sent).toEqual(withCredentials ? expect.arrayContaining(told) : [])
      const row = await account.sql.first<{ action: string }>(
        'SELECT action FROM audit ORDER BY id DESC LIMIT 1',
      )
      expect(row?.action).toBe('account restored')
    },
  )

  it('changes nothing if the archive is damaged, or the disk is nearly full', async () => {
    const { folder, server, account, manifest, picture } = await withArchive()
    await createRecord(account, { collection, record: post('three'), validate: false })
    const before = await account.lane.head()
    const full = {
      ...server.ports,
      mustHaveRoom: () => {
        throw insufficientStorage()
      },
    }
    await expect(restoreArchive(full, { did: alice })).rejects.toMatchObject({ status: 507 })
    await folder.storage.put(
      `accounts/${alice}/blobs/${picture.ref.$link}`,
      Buffer.from('a pictura'),
    )
    await expect(restoreArchive(server.ports, { did: alice })).rejects.toThrow('damaged')
    const other = { did: alice, archive: manifest.archive.replace('2026', '2025') }
    await expect(restoreArchive(server.ports, other)).rejects.toThrow('no archive')
    expect((await account.lane.head()).cid).toBe(before.cid)
  })
})

describe('restoring an account that is gone', () => {
  async function deleted() {
    const all = await withArchive()
    await deleteAccount(all.account)
    await finishDeletion(all.account)
    await removeDeletedAccount(all.server.directory, { did: alice })
    all.server.clock.time += 1_000
    return all
  }

  it('creates it with its key, and activates it', async () => {
    const { server, account, manifest } = await deleted()
    const restored = await restoreArchive(server.ports, { did: alice })
    expect(restored).toMatchObject({ created: true, status: 'active', records: 2, blobs: 1 })
    expect((await account.profile.get()).signingKeyDid).toBe(manifest.signingKey)
    const rev = await mustBeAsArchived(account)
    expect(rev > manifest.rev).toBe(true)
    expect((await deliveredKinds(account)).slice(-3)).toEqual(['#account', '#identity', '#sync'])
    expect((await account.profile.get()).deleteAfter).toBeNull()
  })

  it.each([
    ['a takedown', { takedownRef: 'case 1' }, 'takendown'],
    ['a suspension', { suspended: true }, 'suspended'],
  ])('brings %s back in the same moment as the rest', async (_, change, status) => {
    const { server, account } = await withArchive()
    await changeState(account, change)
    await createArchive(server.ports, alice)
    server.clock.time += 3_600_000
    await deleteAccount(account)
    await finishDeletion(account)
    await removeDeletedAccount(server.directory, { did: alice })
    const { changeState: _change, ...lifecycle } = server.ports.dispatch.account(alice).lifecycle
    const killed = {
      ...server.ports,
      dispatch: {
        ...server.ports.dispatch,
        account: (did: string) => ({
          ...server.ports.dispatch.account(did),
          lifecycle: { ...lifecycle, changeState: () => Promise.reject(new Error('killed')) },
        }),
      },
    }
    await expect(restoreArchive(killed as never, { did: alice })).rejects.toThrow('killed')
    expect((await account.profile.get()).status).toBe(status)
    await expect(changeState(account, { active: true })).rejects.toThrow()
    expect(await texts(account)).toEqual(['one', 'two'])
  })

  it('lets nobody sign in before all of it is there', async () => {
    const { server, account } = await deleted()
    const killed = {
      ...server.ports,
      blobs: { ...server.ports.blobs, putTemp: () => Promise.reject(new Error('killed')) },
    }
    await expect(restoreArchive(killed as never, { did: alice })).rejects.toThrow('killed')
    expect((await account.profile.get()).passwordHash).toBeNull()
  })

  it('is gone on with if it was interrupted after the account was created', async () => {
    const { server, account } = await deleted()
    const killed = {
      ...server.ports,
      blobs: { ...server.ports.blobs, putTemp: () => Promise.reject(new Error('killed')) },
    }
    await expect(restoreArchive(killed as never, { did: alice })).rejects.toThrow('killed')
    expect((await account.profile.get()).status).toBe('deactivated')
    expect(await restoreArchive(server.ports, { did: alice })).toMatchObject({ status: 'active' })
    await mustBeAsArchived(account)
  })

  it('needs another handle if its own is taken', async () => {
    const { server, account } = await deleted()
    await addAccount(server, 'did:plc:44ybard66vv44zksje25o7dz', 'alice.test')
    await expect(restoreArchive(server.ports, { did: alice })).rejects.toThrow('already taken')
    await server.directory.sql.batch([
      { sql: `UPDATE account SET email = 'other@example.com' WHERE did <> '${alice}'` },
    ])
    const restored = await restoreArchive(server.ports, { did: alice, handle: 'alice2.test' })
    expect(restored.created).toBe(true)
    expect((await account.profile.get()).handle).toBe('alice2.test')
  })

  it('needs the key of the backups', async () => {
    const { server } = await deleted()
    const { backupKey: _, ...rest } = server.ports
    const ports = { ...rest, backupKey: undefined }
    await expect(restoreArchive(ports, { did: alice })).rejects.toThrow('PDS_BACKUP_KEY_HEX')
  })

  it('into another server leaves it deactivated until its DID points there', async () => {
    const { folder, manifest } = await withArchive()
    const other = archiveServer(folder)
    const ports = { ...other.ports, signer: newSigningKey().key }
    const untrusted = restoreArchive(ports, { did: alice })
    await expect(untrusted).rejects.toThrow('not a key of this server')
    const restored = await restoreArchive(ports, { did: alice, trusted: [serverKey.did()] })
    expect(restored).toMatchObject({ created: true, status: 'deactivated', records: 2, blobs: 1 })
    expect(restored.next).toContain(manifest.signingKey)
    const account = await other.open(alice)
    await mustBeAsArchived(account)
    expect(await deliveredKinds(account)).toEqual([])
    other.documents.set(alice, manifest.signingKey)
    await other.ports.activateAccount(alice)
    expect(await deliveredKinds(account)).toEqual(['#account', '#identity', '#sync'])
  })
})

describe('a drill', () => {
  it('restores into a scratch account that nobody hears of, and empties it', async () => {
    const { server, manifest } = await withArchive()
    const drilled = await drillArchive(server.ports, { did: alice, n: 3 })
    expect(drilled).toEqual({
      did: alice,
      archive: manifest.archive,
      records: 2,
      blobs: 1,
      private: true,
    })
    const scratch = server.accounts.get('did:web:scratch-3.invalid')!
    expect([scratch.delivered, scratch.deliveredPrivately, scratch.sentStates]).toEqual([
      [],
      [],
      [],
    ])
    expect(await scratch.profile.find()).toBeUndefined()
    expect(await scratch.sql.first('SELECT 1 FROM record')).toBeUndefined()
    // Again, in the same one.
    await drillArchive(server.ports, { did: alice, n: 3 })
    const { archives } = server.ports.dispatch.directory
    const [state] = await archives.states({ dids: [alice] })
    expect(state).toMatchObject({ drilledAt: server.clock.now(), drillError: null })
  })

  it('that fails is recorded, until one succeeds', async () => {
    const { folder, server, picture } = await withArchive()
    const key = `accounts/${alice}/blobs/${picture.ref.$link}`
    await folder.storage.delete([key])
    await expect(drillArchive(server.ports, { did: alice, n: 0 })).rejects.toThrow('missing')
    const { archives } = server.ports.dispatch.directory
    expect(await archives.summarize()).toMatchObject({ failed: 0, drillsFailed: 1 })
    await folder.storage.put(key, Buffer.from('a picture'))
    await drillArchive(server.ports, { did: alice, n: 0 })
    expect(await archives.summarize()).toMatchObject({ drillsFailed: 0 })
  })
})

it('an account that does not exist cannot be archived', async () => {
  const server = archiveServer(testFolder())
  const account = await server.open(alice)
  await expect(openArchive(account)).rejects.toThrow()
})
