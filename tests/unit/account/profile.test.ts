import { describe, expect, it } from 'vitest'
import { insertProfile, Profile, type ProfileRow, updateProfile } from '#src/account/profile.ts'
import { accountSchema } from '#src/account/schema.ts'
import type { Sql } from '#src/ports/sql.ts'
import { nodeSql } from '#tests/support/node-sql.ts'

const row: ProfileRow = {
  handle: 'alice.test',
  email: 'alice@example.com',
  emailConfirmedAt: null,
  pendingEmail: null,
  passwordHash: 'salt:hash',
  signingKey: Uint8Array.of(1, 2, 3),
  signingKeyDid: 'did:key:z',
  pendingKeyDid: null,
  status: 'deactivated',
  deactivatedAt: '2026-01-02T00:00:00.000Z',
  deleteAfter: null,
  takedownRef: null,
  suspendedAt: null,
  createdAt: '2026-01-01T00:00:00.000Z',
}

describe('profile', () => {
  it('the profile returns every stored column', async () => {
    const sql = nodeSql({ schema: accountSchema })
    await sql.batch([insertProfile(row)])
    expect(await new Profile(sql).get()).toEqual(row)
    const changes = { handle: null, status: 'takendown', emailConfirmedAt: 'now' } as const
    await sql.batch([updateProfile(changes)])
    expect(await new Profile(sql).get()).toEqual({ ...row, ...changes })
  })

  it('the profile throws if there is no account, and reads again the next time', async () => {
    const sql = nodeSql({ schema: accountSchema })
    const profile = new Profile(sql)
    expect(await profile.find()).toBeUndefined()
    await expect(profile.get()).rejects.toMatchObject({ status: 400, error: 'RepoNotFound' })
    await sql.batch([insertProfile(row)])
    expect(await profile.get()).toEqual(row)
    await expect(sql.batch([insertProfile(row)])).rejects.toThrow()
  })

  it('concurrent readers of the profile share one query', async () => {
    const sql = nodeSql({ schema: accountSchema })
    await sql.batch([insertProfile(row)])
    let reads = 0
    const counted: Sql = {
      ...sql,
      first: (...args) => {
        reads++
        return sql.first(...args)
      },
    }
    const profile = new Profile(counted)
    await Promise.all([profile.get(), profile.get(), profile.find()])
    await profile.get()
    expect(reads).toBe(1)
    profile.forget()
    await profile.get()
    expect(reads).toBe(2)
  })

  it('the profile does not cache a row that was read before forget()', async () => {
    const { promise, resolve } = Promise.withResolvers<ProfileRow>()
    const answers = [promise, Promise.resolve({ ...row, status: 'active' })]
    const profile = new Profile({ first: () => answers.shift() } as unknown as Sql)
    const early = profile.get()
    profile.forget()
    const late = profile.get()
    resolve(row)
    expect((await early).status).toBe('deactivated')
    expect((await late).status).toBe('active')
    expect((await profile.get()).status).toBe('active')
  })
})
