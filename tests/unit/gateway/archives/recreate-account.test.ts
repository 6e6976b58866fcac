import { describe, expect, it } from 'vitest'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { deleteAccount, finishDeletion } from '#src/account/lifecycle/delete-account.ts'
import { removeDeletedAccount } from '#src/directory/due-deletions.ts'
import { createArchive } from '#src/gateway/archives/create-archive.ts'
import { restoreArchive } from '#src/gateway/archives/restore-archive.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { addAccount, alice, archiveServer, serverKey } from '#tests/support/archive-server.ts'
import { mustBeAsArchived, texts, withArchive } from '#tests/support/archived-account.ts'
import { deliveredKinds } from '#tests/support/empty-account.ts'

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
    expect(restored.next).toContain('--publish does both')
    const input = { did: alice, trusted: [serverKey.did()], publish: true }
    const again = await restoreArchive(ports, input)
    expect(again).toMatchObject({ created: false, status: 'deactivated' })
    expect(again.next).toContain('--publish could not do it')
    const account = await other.open(alice)
    await mustBeAsArchived(account)
    expect(await deliveredKinds(account)).toEqual([])
    other.documents.set(alice, manifest.signingKey)
    await other.ports.activateAccount(alice)
    expect(await deliveredKinds(account)).toEqual(['#account', '#identity', '#sync'])
  })
})
