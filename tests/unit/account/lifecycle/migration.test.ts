import { beforeEach, describe, expect, it } from 'vitest'
import { listOwnRotationKeys, noteRotationKey } from '#src/account/identity/own-rotation-keys.ts'
import {
  beginMigration,
  CLAIM_MS,
  claimMigration,
  endMigration,
  findMigration,
  saveMigration,
} from '#src/account/lifecycle/migration.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'

const session = Uint8Array.of(1, 2, 3)
const move = { direction: 'in', server: 'https://old.example', session } as const
let now: number
let account: OpenAccount
beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z')
  account = await openTestAccount({ clock: { now: () => now } })
})

describe('the move of an account', () => {
  it('a move that is claimed is not claimed by another run until the claim ends', async () => {
    await beginMigration(account, move)
    expect(await claimMigration(account, { run: 'one' })).toMatchObject({ step: 'repo', session })
    expect(await claimMigration(account, { run: 'two' })).toBeNull()
    // A repeated call is of the same run.
    expect(await claimMigration(account, { run: 'one' })).toMatchObject({ step: 'repo' })
    now += CLAIM_MS - 1
    await saveMigration(account, { run: 'one', step: 'blobs', progress: { repoBytes: 7 } })
    now += CLAIM_MS - 1
    expect(await claimMigration(account, { run: 'two' })).toBeNull()
    expect(await findMigration(account)).toMatchObject({ isRunning: true })
    now += 1
    const taken = await claimMigration(account, { run: 'two' })
    expect(taken).toMatchObject({ step: 'blobs', progress: { repoBytes: 7 } })
    const late = saveMigration(account, { run: 'one', step: 'preferences' })
    await expect(late).rejects.toMatchObject({ status: 409, error: 'MigrationLost' })
    expect(await findMigration(account)).toMatchObject({ step: 'blobs' })
  })

  it('a run that ends says why, also if the call is repeated, and the next one starts without it', async () => {
    await beginMigration(account, move)
    await claimMigration(account, { run: 'one' })
    const end = { run: 'one', end: { error: 'no answer' } }
    await saveMigration(account, end)
    await saveMigration(account, end)
    expect(await findMigration(account)).toMatchObject({ isRunning: false, error: 'no answer' })
    expect(await claimMigration(account, { run: 'two' })).toMatchObject({ error: null })
  })

  it('a move goes on with a new session, and no second one begins beside it', async () => {
    await beginMigration(account, move)
    await claimMigration(account, { run: 'one' })
    await saveMigration(account, { run: 'one', step: 'blobs', end: { error: 'SignIn' } })
    await beginMigration(account, { ...move, session: Uint8Array.of(9) })
    const again = await claimMigration(account, { run: 'two' })
    expect(again).toMatchObject({ step: 'blobs', session: Uint8Array.of(9) })
    for (const other of [{ server: 'https://third.example' }, { direction: 'out' as const }]) {
      const second = beginMigration(account, { ...move, ...other })
      await expect(second).rejects.toMatchObject({ error: 'MigrationExists' })
    }
  })

  it('a move that is done has no session, and another one may begin', async () => {
    await beginMigration(account, move)
    await claimMigration(account, { run: 'one' })
    await saveMigration(account, { run: 'one', step: 'done' })
    await saveMigration(account, { run: 'one', end: { error: null } })
    expect(await account.sql.all('SELECT session FROM migration')).toEqual([{ session: null }])
    expect(await claimMigration(account, { run: 'two' })).toBeNull()
    await beginMigration(account, { ...move, direction: 'out' })
    expect(await findMigration(account)).toMatchObject({ direction: 'out', step: 'repo' })
  })

  it('a move can be cancelled until its operation is signed, and its run then stops', async () => {
    await beginMigration(account, move)
    await claimMigration(account, { run: 'one' })
    await endMigration(account)
    expect(await findMigration(account)).toBeNull()
    const save = saveMigration(account, { run: 'one', step: 'blobs' })
    await expect(save).rejects.toMatchObject({ error: 'MigrationLost' })
    await beginMigration(account, move)
    await claimMigration(account, { run: 'two' })
    await saveMigration(account, { run: 'two', step: 'identity' })
    await expect(endMigration(account)).rejects.toMatchObject({ error: 'MigrationPublished' })
  })
})

it('the rotation keys that the owner has added are remembered, the newest 20', async () => {
  for (let n = 0; n < 25; n++) {
    now += 1_000
    await noteRotationKey(account, { key: `did:key:${n}` })
  }
  await noteRotationKey(account, { key: 'did:key:24' })
  const keys = (await listOwnRotationKeys(account)).map(({ key }) => key)
  expect([keys.length, keys[0], keys.at(-1)]).toEqual([20, 'did:key:24', 'did:key:5'])
})
