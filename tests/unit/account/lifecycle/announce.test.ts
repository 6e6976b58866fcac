import { decode } from '@ipld/dag-cbor'
import { describe, expect, it } from 'vitest'
import { announce } from '#src/account/lifecycle/announce.ts'
import { updateProfile } from '#src/account/profile.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

/** The delivered events, decoded as after sequencing. */
async function left({ outbox, delivered }: OpenAccount) {
  await outbox.settled()
  return delivered.map(({ kind, event, seqAt }) => {
    const whole = Buffer.concat([event.subarray(0, seqAt), Buffer.of(0), event.subarray(seqAt)])
    return { kind, ...decode<Record<string, unknown>>(whole) }
  })
}

describe('announce', () => {
  it('announce emits #account, #identity and #sync of an active account again, and changes nothing', async () => {
    const account = await openTestAccount()
    const before = await account.lane.head()
    const { handle } = await account.profile.get()
    expect(await announce(account)).toEqual({ events: ['#account', '#identity', '#sync'] })
    expect(await left(account)).toMatchObject([
      { kind: '#account', did: testDid, active: true },
      { kind: '#identity', did: testDid, handle },
      { kind: '#sync', did: testDid, rev: before.rev },
    ])
    const { cid, rev } = await account.lane.head()
    expect({ cid, rev }).toEqual({ cid: before.cid, rev: before.rev })
  })

  it('announce with a new commit signs the same records under a newer rev, for relays that know newer revs', async () => {
    const account = await openTestAccount()
    const before = await account.lane.head()
    await announce(account, { newCommit: true })
    const after = await account.lane.head()
    expect(after.data).toBe(before.data)
    expect(after.rev > before.rev).toBe(true)
    const [, , sync] = await left(account)
    expect(sync).toMatchObject({ kind: '#sync', rev: after.rev })
  })

  it('announce with a new commit makes none for an account that is not active', async () => {
    const account = await openTestAccount()
    await account.sql.batch([updateProfile({ status: 'deactivated' })])
    account.profile.forget()
    const before = await account.lane.head()
    await announce(account, { newCommit: true })
    expect((await account.lane.head()).cid).toBe(before.cid)
  })

  it('announce emits no #sync of an account that is not active, but its status', async () => {
    const account = await openTestAccount()
    await account.sql.batch([updateProfile({ status: 'takendown', takedownRef: 'spam' })])
    account.profile.forget()
    expect(await announce(account)).toEqual({ events: ['#account', '#identity'] })
    const [first] = await left(account)
    expect(first).toMatchObject({ kind: '#account', active: false, status: 'takendown' })
  })

  it('announce leaves its events in the outbox until the sequencer takes them', async () => {
    const account = await openTestAccount()
    account.failDeliveries(2)
    await announce(account)
    expect(await left(account)).toHaveLength(3)
  })
})
