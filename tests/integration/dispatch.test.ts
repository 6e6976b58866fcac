/** Calling actors: locally and through the engine alike, awake or asleep, and only with the internal token. */
import { decodeJwt } from 'jose'
import { createClient } from 'rivetkit/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { listEnvoys } from '#src/engine/engine-api.ts'
import { createRemoteCall } from '#src/engine/remote-call.ts'
import { findSleepingRepo, type SleepingRepo } from '#src/gateway/methods/sleeping-repo.ts'
import { type RunningActors, startTestActors } from '#tests/support/actors.ts'
import { privateEventsOf } from '#tests/support/private-log.ts'

let actors: RunningActors
beforeAll(async () => {
  actors = await startTestActors({ sleepTimeoutMs: 1000 })
})
afterAll(() => actors.stop())

const collection = 'com.example.thing'
const record = (n: number) => ({ $type: collection, n })

test.each(['local', 'remote'] as const)(
  'an account answers alike through %s dispatch',
  async (kind) => {
    const dispatch = actors[kind]
    const did = await actors.createAccount(`scenario-${kind}`)
    const account = dispatch.account(did)
    const made = await account.repo.createRecord({ collection, rkey: 'one', record: record(1) })
    expect(made.uri).toBe(`at://${did}/${collection}/one`)
    const { json } = await account.repo.getRecord({ collection, rkey: 'one' })
    expect(JSON.parse(json)).toEqual({ uri: made.uri, cid: made.cid, value: record(1) })
    await expect(
      account.repo.createRecord({ collection, rkey: 'one', record: record(2) }),
    ).rejects.toMatchObject({
      name: 'XrpcError',
      status: 409,
    })
    await expect(
      account.repo.putRecord({ collection, rkey: 'one', record: record(2), swapRecord: null }),
    ).rejects.toMatchObject({ status: 400, error: 'InvalidSwap' })
    expect(await account.sync.getLatestCommit('anyone')).toEqual(made.commit)
    const car = await readExport(dispatch, did)
    expect(car.length).toBeGreaterThan(300)
    const proof = await account.sync.getRecord({ collection, rkey: 'one' }, 'anyone')
    expect(proof).toBeInstanceOf(Uint8Array)
    const { commit } = await account.repo.applyWrites({
      writes: [{ $type: 'com.atproto.repo.applyWrites#delete', collection, rkey: 'one' }],
    })
    expect((await account.sync.getRepoStatus()).rev).toBe(commit.rev)
    await account.factors.beginTotp()
    const guess = () => account.factors.confirmTotp({ code: 'wrong!' })
    for (let n = 0; n < 10; n++) await expect(guess()).rejects.toMatchObject({ status: 400 })
    const headers = { 'retry-after': expect.stringMatching(/^\d{4}$/) }
    await expect(guess()).rejects.toMatchObject({ status: 429, headers })
  },
)

test('a process knows by which key the engine knows it', async () => {
  const listed = await listEnvoys(actors.engine)
  expect(await actors.envoyKey).toBe(listed[0]!.envoy_key)
})

async function readExport(dispatch: Dispatch, did: string): Promise<Uint8Array> {
  const { id } = await dispatch.account(did).sync.openExport({}, 'anyone')
  const pages: Uint8Array[] = []
  for (let n = 0; ; n++) {
    const { bytes, done } = await dispatch.account(did).sync.readExport({ id, n })
    pages.push(bytes)
    if (done) return Buffer.concat(pages)
  }
}

test('accounts that fall asleep and wake under load lose no acknowledged write', async () => {
  const dids = await Promise.all([1, 2, 3].map((n) => actors.createAccount(`sleeper-${n}`)))
  const written = new Map<string, Set<string>>(dids.map((did) => [did, new Set()]))
  for (let round = 0; round < 3; round++) {
    await Promise.all(
      dids.map(async (did, n) => {
        for (let i = 0; i < 8; i++) {
          const dispatch = i % 2 === 0 ? actors.local : actors.remote
          const { uri } = await dispatch
            .account(did)
            .repo.createRecord({ collection, record: record(i) })
          written.get(did)!.add(uri)
          // About as long as an account stays awake, so that calls arrive while it falls asleep.
          await expect.poll(() => true, { interval: 120 + 40 * n }).toBe(true)
        }
      }),
    )
    await expect.poll(() => actors.live.list('account').length).toBe(0)
  }
  for (const did of dids) {
    const { json } = await actors.local.account(did).repo.listRecords({ collection, limit: 100 })
    const uris = JSON.parse(json).records.map(({ uri }: { uri: string }) => uri)
    expect(new Set(uris)).toEqual(written.get(did))
  }
})

test('the head and the status of a sleeping account are answered without waking it, and are what it answers itself', async () => {
  const { local, live } = actors
  const did = await actors.createAccount('asleep')
  const account = local.account(did)
  const first = await account.repo.createRecord({ collection, record: record(1) })
  // It has events, which may not be in the log yet.
  expect(await findSleepingRepo(local, did)).toBeUndefined()
  const asleep = async () => {
    await expect.poll(() => live.list('account').length).toBe(0)
    let found: SleepingRepo | undefined
    // It removes its reminder while it falls asleep.
    await expect
      .poll(async () => {
        found = await findSleepingRepo(local, did)
        return found
      })
      .toBeDefined()
    expect(live.list('account')).toEqual([])
    return found!
  }
  const { cid: head, rev } = first.commit!
  expect(await asleep()).toEqual({ status: 'active', head: { head, rev } })
  expect(await account.sync.getLatestCommit('anyone')).toEqual({ cid: head, rev })
  for (const change of [{ active: false }, { takedownRef: 'one' }, { suspended: true }]) {
    await account.lifecycle.changeState(change)
    const { status } = await asleep()
    expect(await account.sync.getRepoStatus()).toEqual({ did, active: false, status })
  }
  await account.lifecycle.changeState({ takedownRef: null, suspended: false })
  await account.lifecycle.changeState({ active: true })
  const second = await account.repo.createRecord({ collection, record: record(2) })
  expect(await asleep()).toEqual({
    status: 'active',
    head: { head: second.commit!.cid, rev: second.commit!.rev },
  })
  await account.lifecycle.deleteAccount()
  await account.lifecycle.finishDeletion()
  await local.directory.accounts.removeDeleted({ did })
  expect(await asleep()).toEqual({ status: 'deleted' })
  await expect(account.sync.getRepoStatus()).rejects.toMatchObject({ error: 'RepoNotFound' })
})

test('what happens to the credentials of an account is in the private log once, in order, and not in the public one', async () => {
  const { local } = actors
  const did = await actors.createAccount('confidant')
  const account = local.account(did)
  const { accessJwt, refreshJwt } = await account.session.createSession({
    password: 'correct horse',
  })
  const { sid } = decodeJwt(accessJwt)
  await account.session.deleteSession({ tokenId: decodeJwt(refreshJwt).jti! })
  const phone = { name: 'phone', privileged: false }
  await account.appPassword.create({ ...phone, password: 'abcd-efgh-ijkl-mnop' })
  const data = JSON.stringify({ clientId: 'https://app', scope: 'atproto', parameters: {} })
  const now = Date.now()
  const times = { expiresAt: now + 60_000, createdAt: now, updatedAt: now }
  const grant = { id: 'tok-1', refreshHash: 'one', data, ...times }
  await account.oauth.createGrant({ ...grant, codeHash: null })
  await account.oauth.rotateGrant({ id: 'tok-1', next: { ...grant, id: 'tok-2' } })
  await account.oauth.removeGrant({ id: 'tok-2' })
  await account.preferences.put({ preferences: [{ $type: 'app.bsky.a' }], fullAccess: true })
  await account.lifecycle.changeState({ takedownRef: 'spam' })
  const events = async () => {
    const found = await privateEventsOf(local, did)
    const seqs = found.map(({ seq }) => seq)
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b))
    return found
      .filter(({ kind }) => kind !== '#security')
      .map(({ kind, subject, body }) => [kind, subject, JSON.parse(body)])
  }
  const app = { clientId: 'https://app', scope: 'atproto' }
  const moderated = { $type: 'com.atproto.admin.defs#repoRef', did }
  const expected = [
    ['#session', expect.any(String), { change: 'created', kind: 'password' }],
    ['#session', sid, { change: 'created', kind: 'password' }],
    ['#session', sid, { change: 'ended', kind: 'password' }],
    ['#appPassword', expect.any(String), { change: 'created', ...phone }],
    ['#grant', 'tok-1', { change: 'created', ...app }],
    ['#grant', 'tok-1', { change: 'revoked', ...app }],
    ['#preferences', undefined, { names: ['app.bsky.a'] }],
    ['#moderation', undefined, { subject: moderated, takedown: true }],
    ['#session', undefined, { change: 'ended', kind: 'all' }],
    ['#status', undefined, { from: 'active', to: 'takendown' }],
  ]
  await expect.poll(events).toEqual(expected)
  const { events: all } = await local.sequencer.log.read({ after: 0, limit: 500 })
  for (const { frame } of all)
    expect(Buffer.from(frame).toString('latin1')).not.toContain('#session')
})

test('a caller without the internal token gets nothing from an actor, and only listed actions can be called', async () => {
  const did = await actors.createAccount('secluded')
  const client = createClient({ ...actors.engine, disableMetadataLookup: true, devtools: false })
  const reach = (params: object) =>
    (client as never as Record<string, { getOrCreate(key: string[], options: object): Handle }>)[
      'account'
    ]!.getOrCreate([did], { params })
  for (const params of [{}, { internal: '' }, { internal: 'guess' }]) {
    await expect(reach(params).action({ name: 'repo.describeRepo', args: [] })).rejects.toThrow()
  }
  // What a process with another token recognizes at its start.
  const call = { actor: 'directory', key: 'main', group: 'settings', action: 'get', args: [{}] }
  expect(await createRemoteCall({ ...actors.engine, internalToken: 'another' })(call)).toEqual({
    error: expect.objectContaining({ name: 'XrpcError', status: 403, error: 'Forbidden' }),
    again: false,
  })
  const insider = reach({ internal: 'the-token-of-these-tests' })
  expect(await insider.action({ name: 'repo.describeRepo', args: [] })).toMatchObject({ did })
  await expect(insider.action({ name: 'lane.write', args: [] })).rejects.toThrow()
  await expect(insider.action({ name: 'sql', args: ['SELECT 1'] })).rejects.toThrow()
})

interface Handle {
  action(call: { name: string; args: unknown[] }): Promise<unknown>
}
