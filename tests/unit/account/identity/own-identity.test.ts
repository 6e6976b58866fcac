import { describe, expect, it } from 'vitest'
import { announceIdentity, getIdentity, setHandle } from '#src/account/identity/own-identity.ts'
import { describeRepo } from '#src/account/repo/read.ts'
import { openTestAccount, testKey } from '#tests/support/open-account.ts'

describe('setHandle', () => {
  it('setHandle changes the handle for later reads and emits #identity', async () => {
    const account = await openTestAccount()
    await describeRepo(account)
    const head = await account.lane.head()
    await setHandle(account, { handle: 'bob.test' })
    expect(await describeRepo(account)).toMatchObject({ handle: 'bob.test' })
    expect(await getIdentity(account)).toEqual({
      handle: 'bob.test',
      signingKeyDid: testKey.did(),
      status: 'active',
    })
    await expect.poll(() => account.delivered.map(({ kind }) => kind)).toEqual(['#identity'])
    expect(await account.lane.head()).toMatchObject({ cid: head.cid, rev: head.rev })
  })

  it('setHandle changes nothing of a deleted account', async () => {
    const account = await openTestAccount()
    await account.sql.batch([{ sql: `UPDATE account SET status = 'deleted'` }])
    const refusal = { status: 400, message: 'Account not found' }
    await expect(setHandle(account, { handle: 'bob.test' })).rejects.toMatchObject(refusal)
    await expect(announceIdentity(account)).rejects.toMatchObject(refusal)
    await expect(getIdentity(account)).rejects.toMatchObject(refusal)
    expect(account.delivered).toEqual([])
  })
})
