import { verifySignature } from '@atproto/crypto'
import { decodeAll, encode } from '@atproto/lex-cbor'
import { decode } from '@ipld/dag-cbor'
import { beforeEach, describe, expect, it } from 'vitest'
import type { Account } from '#src/account/account.ts'
import type { InitialState } from '#src/account/initial-state.ts'
import { provisionOrResume } from '#src/account/lifecycle/wake.ts'
import { updateProfile } from '#src/account/profile.ts'
import { remind } from '#src/account/remind.ts'
import { closeOutboxes } from '#src/account/reminder.ts'
import { getLatestCommit } from '#src/account/repo/proofs.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { refreshSession } from '#src/account/sessions/sessions.ts'
import { frame } from '#src/protocol/frames.ts'
import {
  deliveredKinds,
  type EmptyAccount,
  emptyAccount,
  newInitialState,
  provisionAccount,
} from '#tests/support/empty-account.ts'

const did = 'did:plc:ewvi7nxzyoun6zhxrhs64oiz'
const kinds = ['#identity', '#account', '#commit', '#sync']
const day = 24 * 3_600_000
let account: EmptyAccount

beforeEach(() => {
  account = emptyAccount(did)
})

/** The account's events as a subscriber reads them. */
async function events(
  of: EmptyAccount,
): Promise<{ kind: string; body: Record<string, unknown> }[]> {
  await of.outbox.settled()
  return of.delivered.map(({ kind, event, seqAt }) => {
    const [, body] = [...decodeAll(frame(kind, event, seqAt, 7))]
    return { kind, body: body as unknown as Record<string, unknown> }
  })
}

/** The account after a restart, on the same database. */
async function wakeAgain(last: EmptyAccount, findBirth: () => Promise<InitialState | null>) {
  closeOutboxes(last)
  const again = emptyAccount(did, { after: last })
  await provisionOrResume(again, findBirth)
  return again
}

const post = (to: Account) =>
  createRecord(to, { collection: 'a.b.c', record: { $type: 'a.b.c' }, validate: false })

describe('the first wake of an account', () => {
  it('the first wake provisions an active account with a signed, empty repo in one transaction', async () => {
    const { tokenId: _, ...initialState } = await provisionAccount(account)
    expect(account.sql.batches).toBe(1)
    const row = { ...initialState, emailConfirmedAt: null, status: 'active', deactivatedAt: null }
    expect(await account.profile.get()).toMatchObject(row)
    const { block } = (await account.sql.first<{ block: Uint8Array }>('SELECT * FROM repo_root'))!
    const { sig, ...commit } = decode<Record<string, unknown>>(block)
    expect(commit).toMatchObject({ did, version: 3, prev: null })
    const bytes = encode(commit as never)
    expect(await verifySignature(initialState.signingKeyDid, bytes, sig as Uint8Array)).toBe(true)
  })

  it('a newly provisioned account announces itself', async () => {
    await provisionAccount(account)
    const [identity, status, commit, sync, ...more] = await events(account)
    const latest = await getLatestCommit(account, 'anyone')
    const time = new Date(account.clock.now()).toISOString()
    expect(identity).toEqual({
      kind: '#identity',
      body: { seq: 7, did, time, handle: 'alice.test' },
    })
    expect(status).toEqual({ kind: '#account', body: { seq: 7, did, time, active: true } })
    expect(commit).toMatchObject({
      kind: '#commit',
      body: { repo: did, rev: latest.rev, since: null, ops: [], blobs: [] },
    })
    expect(commit!.body).not.toHaveProperty('prevData')
    expect(sync).toMatchObject({ kind: '#sync', body: { did, rev: latest.rev } })
    expect(more).toEqual([])
  })

  it('a new account takes writes at once, and their events follow those of its creation', async () => {
    await provisionAccount(account)
    await post(account)
    expect(await deliveredKinds(account)).toEqual([...kinds, '#commit'])
  })

  it('a write with an idempotency key from before the first wake runs once, and is refused after a restart', async () => {
    const early = { id: 'early', issuedAt: account.clock.now() - 100 }
    await provisionAccount(account)
    const write = (to: Account) => to.idempotencyKeys.runCommit(early, () => post(to))
    const { uri } = await write(account)
    expect(await write(account)).toMatchObject({ uri })
    const again = await wakeAgain(account, async () => null)
    await expect(write(again)).rejects.toMatchObject({ status: 503 })
  })

  it('the session that createAccount returned is valid, for as long as its token is', async () => {
    account.clock.now = () => Date.parse('2026-01-01T00:00:00Z') + 89 * day
    await provisionAccount(account)
    const { tokenId } = newInitialState(did)
    expect(await refreshSession(account, { tokenId })).toMatchObject({ active: true })
    const late = emptyAccount(did)
    await provisionAccount(late)
    late.clock.now = () => Date.parse('2026-01-01T00:00:00Z') + 91 * day
    await expect(refreshSession(late, { tokenId })).rejects.toMatchObject({ error: 'ExpiredToken' })
  })

  it("a new account's reminder is removed when it sleeps", async () => {
    await provisionAccount(account)
    await account.outbox.settled()
    await account.privateOutbox.settled()
    expect(closeOutboxes(account)).toBe(true)
  })

  it('provisioning rejects a signing key that was sealed for another account', async () => {
    const initialState = newInitialState('did:plc:aaaaaaaaaaaaaaaaaaaaaaaa')
    await expect(provisionOrResume(account, async () => initialState)).rejects.toThrow()
    const other = { ...newInitialState(did), signingKeyDid: 'did:key:other' }
    await expect(provisionOrResume(account, async () => other)).rejects.toThrow(
      'does not match its did:key',
    )
    expect(await account.profile.find()).toBeUndefined()
  })

  it('an account does not wake if the directory cannot be reached', async () => {
    const away = async () => Promise.reject(new Error('the directory is away'))
    await expect(provisionOrResume(account, away)).rejects.toThrow('away')
    await provisionAccount(account)
    expect(await deliveredKinds(account)).toEqual(kinds)
  })
})

describe('an account without an initial state', () => {
  it('an account without an initial state is not found, and its reminder is kept', async () => {
    await provisionOrResume(account, async () => null)
    await expect(getLatestCommit(account, 'self')).rejects.toMatchObject({ error: 'RepoNotFound' })
    await expect(post(account)).rejects.toMatchObject({ error: 'RepoNotFound' })
    await remind(account)
    await account.outbox.settled()
    await account.privateOutbox.settled()
    expect(closeOutboxes(account)).toBe(false)
    expect(account.sql.batches).toBe(0)
  })
})

describe('a provisioned account', () => {
  const never = async () => {
    throw new Error('findInitialState was called')
  }

  it('a provisioned account is not provisioned again', async () => {
    const initialState = await provisionAccount(account)
    await account.sql.batch([updateProfile({ status: 'deleted' })])
    const again = await wakeAgain(account, async () => initialState)
    const { status, signingKeyDid } = await again.profile.get()
    expect({ status, signingKeyDid }).toEqual({
      status: 'deleted',
      signingKeyDid: initialState.signingKeyDid,
    })
    expect(await deliveredKinds(again)).toEqual(kinds)
  })

  it('a provisioned account resumes the delivery of its outbox when it wakes', async () => {
    await provisionAccount(account)
    await account.outbox.settled()
    account.delivered.length = 0
    const again = await wakeAgain(account, never)
    await again.outbox.settled()
    expect(again.delivered.map(({ kind }) => kind)).toEqual(kinds)
  })
})

describe('provisioning with a failing transaction', () => {
  it.each(['before', 'after'] as const)(
    'a provisioning transaction that fails %s it took effect leaves one account',
    async (fault) => {
      let failures = 1
      const flaky = emptyAccount(did, {
        onBatch: (when) => {
          if (when === fault && failures-- > 0) throw new Error('lost')
        },
      })
      const initialState = newInitialState(did)
      const first = provisionOrResume(flaky, async () => initialState)
      // The initial state is stored, whether the caller knew or not.
      await (fault === 'before' ? expect(first).rejects.toThrow('lost') : first)
      const awake = await wakeAgain(flaky, async () => initialState)
      expect(await awake.profile.get()).toMatchObject({ status: 'active' })
      expect(await deliveredKinds(awake)).toEqual(kinds)
      expect(awake.sql.batches).toBe(1)
    },
  )
})
