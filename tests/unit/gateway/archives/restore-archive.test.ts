import { describe, expect, it } from 'vitest'
import { removeTotp } from '#src/account/factors/totp.ts'
import { addMember, removeMember } from '#src/account/group/members.ts'
import { getPreferences, putPreferences } from '#src/account/preferences/preferences.ts'
import { getRecord } from '#src/account/repo/read.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord, deleteRecord } from '#src/account/repo/write.ts'
import { findAppPassword, revokeAppPassword } from '#src/account/sessions/app-passwords.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import { rotateToken, storeToken } from '#src/account/sessions/refresh-tokens.ts'
import { createArchive } from '#src/gateway/archives/create-archive.ts'
import { restoreArchive } from '#src/gateway/archives/restore-archive.ts'
import { insufficientStorage } from '#src/ports/disk-space.ts'
import { verifyPassword } from '#src/ports/passwords.ts'
import { alice } from '#tests/support/archive-server.ts'
import {
  appPassword,
  collection,
  mustBeAsArchived,
  mustHaveArchivedRepo,
  paths,
  preference,
  texts,
  withArchive,
} from '#tests/support/archived-account.ts'
import { deliveredKinds } from '#tests/support/empty-account.ts'
import { eddie, makeGroup, olga, owner, vera } from '#tests/support/group-scenarios.ts'
import { post } from '#tests/support/records.ts'

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

  it('refuses to put back a password that the archive does not have', async () => {
    const { server, account } = await changed()
    const before = await account.lane.head()
    const withoutKey = { ...server.ports, backupKey: undefined }
    const input = { did: alice, withCredentials: true }
    const refused = expect(restoreArchive(withoutKey, input)).rejects
    await refused.toThrow('there are no credentials to restore: without PDS_BACKUP_KEY_HEX')
    const { manifest } = await createArchive(withoutKey, alice)
    const { archive } = manifest
    const other = expect(restoreArchive(server.ports, { ...input, archive })).rejects
    await other.toThrow('there are no credentials to restore: the archive has no private part')
    expect((await account.lane.head()).cid).toBe(before.cid)
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
