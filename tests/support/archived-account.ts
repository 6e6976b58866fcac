/** An account with records, a picture, an app password, TOTP and preferences, of which there is an archive. */
import { decode } from '@ipld/dag-cbor'
import { expect } from 'vitest'
import { beginTotp, confirmTotp } from '#src/account/factors/totp.ts'
import { putPreferences } from '#src/account/preferences/preferences.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { createAppPassword, findAppPassword } from '#src/account/sessions/app-passwords.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import { createArchive } from '#src/gateway/archives/create-archive.ts'
import { verifyPassword } from '#src/ports/passwords.ts'
import {
  addAccount,
  addBlob,
  alice,
  archiveServer,
  testFolder,
} from '#tests/support/archive-server.ts'
import type { EmptyAccount } from '#tests/support/empty-account.ts'
import type { MemoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { post } from '#tests/support/records.ts'
import { exportedCar } from '#tests/support/repo-cars.ts'
import { totpCode } from '#tests/support/totp-code.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

export const collection = 'app.bsky.feed.post'
export const password = 'correct horse battery'
export const appPassword = 'abcd-efgh-ijkl-mnop'
export const preference = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: true }

export async function withArchive() {
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

export async function texts({ sql }: EmptyAccount): Promise<string[]> {
  const rows = await sql.all<{ value: Uint8Array }>('SELECT value FROM record')
  return rows.map(({ value }) => decode<{ text: string }>(value).text).toSorted()
}

/** Paths of its records. */
export async function paths({ sql }: EmptyAccount): Promise<{ rkey: string }[]> {
  const rows = await sql.all<{ path: string }>('SELECT path FROM record')
  return rows.map(({ path }) => ({ rkey: path.split('/')[1]! }))
}

/** Returns the rev. */
export async function mustBeAsArchived(account: EmptyAccount): Promise<string> {
  const { passwordHash } = await account.profile.get()
  expect(await verifyPassword(password, passwordHash!)).toBe(true)
  expect(await findAppPassword(account, appPassword)).toMatchObject({ name: 'phone' })
  expect(await account.factorKinds.list()).toEqual(['totp'])
  return mustHaveArchivedRepo(account)
}

export async function mustHaveArchivedRepo(account: EmptyAccount): Promise<string> {
  expect(await texts(account)).toEqual(['one', 'two'])
  await account.blobs.whenReconciled()
  const { files } = account.blobs.storage as MemoryBlobStorage
  expect(files.size).toBe(1)
  const { signingKeyDid: key } = await account.profile.get()
  const { cid, rev } = await verifiedRepo(await exportedCar(account), { did: alice, key })
  expect(cid).toBe((await account.lane.head()).cid)
  return rev
}
