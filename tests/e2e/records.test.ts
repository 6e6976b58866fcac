import { describe, expect, it } from 'vitest'
import { createdAt, post, thing, unknownCid } from '#tests/support/records.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { type Answer, call, statusAndError } from '#tests/support/xrpc-call.ts'

interface Written {
  uri: string
  cid: string
  commit?: { cid: string; rev: string }
  validationStatus?: string
}

const bsky = { post: 'app.bsky.feed.post', profile: 'app.bsky.actor.profile' }

const { server, alice } = await serverWithAccounts(['alice'])

type Verb = 'createRecord' | 'putRecord' | 'deleteRecord'

function ask(verb: Verb, input: object): Promise<Answer> {
  return call(server, `repo.${verb}`, {
    as: alice,
    body: { repo: alice.did, collection: thing, ...input },
  })
}

async function done(verb: Verb, input: object): Promise<Written> {
  const answer = await ask(verb, input)
  expect(answer).toMatchObject({ status: 200 })
  return answer.body as Written
}

function read(rkey: string, collection = thing, cid?: string): Promise<Answer> {
  const query = { repo: alice.did, collection, rkey, ...(cid && { cid }) }
  return call(server, 'repo.getRecord', { query })
}

async function latest(): Promise<{ cid: string; rev: string }> {
  const { data } = await alice.agent.com.atproto.sync.getLatestCommit({ did: alice.did })
  return data
}

describe('createRecord', () => {
  it('createRecord stores the record that getRecord returns', async () => {
    const record = {
      $type: thing,
      text: 'Grüße, 世界 👩‍👩‍👧 \u2028 "\\',
      numbers: [0, -1, 23, 24, 255, 65_536, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER],
      link: { $link: unknownCid },
      bytes: { $bytes: 'AAEC/w' },
      deep: { a: [{ b: [null, true, false, {}, []] }] },
      toString: 'a name like any other',
    }
    const { uri, cid, commit } = await done('createRecord', { record })
    expect(commit).toEqual(await latest())
    const rkey = uri.split('/').at(-1)!
    expect(rkey).toMatch(/^[2-7a-z]{13}$/)
    expect((await read(rkey)).body).toEqual({ uri, cid, value: record })
    expect((await read(rkey, thing, cid)).status).toBe(200)
    expect(await statusAndError(read(rkey, thing, unknownCid))).toEqual([400, 'RecordNotFound'])
  })

  it('createRecord accepts a handle as the repo, and the collection as the $type', async () => {
    const { uri } = await done('createRecord', { repo: alice.handle, record: { a: 1 }, rkey: 'h' })
    expect(uri).toBe(`at://${alice.did}/${thing}/h`)
    expect((await read('h')).body).toMatchObject({ value: { $type: thing, a: 1 } })
    const other = { rkey: 'i', record: { $type: 'com.example.other' } }
    expect(await statusAndError(ask('createRecord', other))).toEqual([400, 'InvalidRequest'])
  })

  it.each([
    ['a post', bsky.post, post('hi'), undefined, 'valid'],
    ['a post, checked', bsky.post, post('hi'), true, 'valid'],
    ['a post, unchecked', bsky.post, post('hi'), false, undefined],
    ['nonsense, unchecked', bsky.post, { text: 5 }, false, undefined],
    ['a profile, checked', bsky.profile, { displayName: 'Alice' }, true, 'valid'],
    ['something unknown', thing, { a: 1 }, undefined, 'unknown'],
    ['something unknown, unchecked', thing, { a: 1 }, false, undefined],
  ])('createRecord accepts %s', async (_, collection, record, validate, status) => {
    const rkey = collection === bsky.profile ? 'self' : undefined
    const { validationStatus } = await done('createRecord', { collection, record, validate, rkey })
    expect(validationStatus).toBe(status)
  })

  it.each([
    ['a post without a date', bsky.post, { text: 'no date' }, undefined],
    ['a post that has no text', bsky.post, { text: 5, createdAt }, undefined],
    ['a post that is too long', bsky.post, post('x'.repeat(3001)), true],
    ['something unknown, checked', thing, { a: 1 }, true],
  ])('createRecord rejects %s', async (_, collection, record, validate) => {
    const attempt = ask('createRecord', { collection, record, validate })
    expect(await statusAndError(attempt)).toEqual([400, 'InvalidRequest'])
  })

  it.each([
    ['of all letters there may be', thing, 'aZ09:~_-.'],
    ['of 512 letters', thing, 'k'.repeat(512)],
  ])('createRecord accepts a key %s', async (_, collection, rkey) => {
    expect((await ask('createRecord', { collection, rkey, record: {} })).status).toBe(200)
  })

  it.each([
    ['of 513 letters', thing, 'k'.repeat(513)],
    ['of one dot', thing, '.'],
    ['of two dots', thing, '..'],
    ['with a slash', thing, 'a/b'],
    ['with a space', thing, 'a b'],
    ['with an accent', thing, 'é'],
    ['that is empty', thing, ''],
    ['that is no TID, for a post', bsky.post, 'not-a-tid'],
    ['that is not self, for a profile', bsky.profile, 'other'],
    ['at random, for a profile', bsky.profile, undefined],
  ])('createRecord rejects a key %s', async (_, collection, rkey) => {
    const record = collection === bsky.post ? post('x') : {}
    const attempt = ask('createRecord', { collection, rkey, record })
    expect(await statusAndError(attempt)).toEqual([400, 'InvalidRequest'])
  })

  it('createRecord rejects a key that is taken, and keeps the record', async () => {
    const { cid } = await done('createRecord', { rkey: 'taken', record: { a: 1 } })
    for (const a of [1, 2]) {
      expect((await ask('createRecord', { rkey: 'taken', record: { a } })).status).toBe(409)
    }
    expect((await read('taken')).body).toMatchObject({ cid })
  })

  it('createRecord checks swapCommit', async () => {
    const swap = (swapCommit: string) => ask('createRecord', { record: { a: 1 }, swapCommit })
    expect(await statusAndError(swap(unknownCid))).toEqual([400, 'InvalidSwap'])
    expect(await statusAndError(swap('no cid'))).toEqual([400, 'InvalidRequest'])
    const { cid } = await latest()
    const race = await Promise.all([swap(cid), swap(cid), swap(cid)])
    expect(race.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    expect(await statusAndError(swap(cid))).toEqual([400, 'InvalidSwap'])
  })

  it('concurrent createRecord calls each make their own commit', async () => {
    const n = 40
    const answers = await Promise.all(
      Array.from({ length: n }, (_, a) => done('createRecord', { record: { a } })),
    )
    const revs = answers.map(({ commit }) => commit!.rev)
    expect(new Set(revs).size).toBe(n)
    expect(revs.sort().at(-1)).toBe((await latest()).rev)
    expect(new Set(answers.map(({ uri }) => uri)).size).toBe(n)
  })
})

describe('putRecord', () => {
  const put = (a: number, input = {}) => ask('putRecord', { rkey: 'put', record: { a }, ...input })

  it('putRecord creates, replaces, and changes nothing if the record is equal', async () => {
    const first = (await put(1)).body as Written
    expect(first.commit).toEqual(await latest())
    const second = (await put(2)).body as Written
    expect(second.cid).not.toBe(first.cid)
    expect(second.commit!.rev > first.commit!.rev).toBe(true)
    const { commit, ...again } = (await put(2)).body as Written
    expect(commit).toBe(undefined)
    expect(again).toEqual({ uri: second.uri, cid: second.cid, validationStatus: 'unknown' })
    expect(await latest()).toEqual(second.commit)
    expect((await read('put')).body).toMatchObject({ value: { a: 2 } })
  })

  it('putRecord checks swapRecord', async () => {
    const { cid } = (await put(3)).body as Written
    expect(await statusAndError(put(4, { swapRecord: unknownCid }))).toEqual([400, 'InvalidSwap'])
    expect(await statusAndError(put(4, { swapRecord: null }))).toEqual([400, 'InvalidSwap'])
    expect(await statusAndError(put(4, { swapCommit: unknownCid }))).toEqual([400, 'InvalidSwap'])
    const swap = () => put(4, { swapRecord: cid })
    expect((await swap()).status).toBe(200)
    // A client that lost the answer repeats its call.
    expect((await swap()).status).toBe(200)
    expect((await put(5, { rkey: 'new', swapRecord: unknownCid })).status).toBe(400)
    expect((await put(5, { rkey: 'new', swapRecord: null })).status).toBe(200)
  })
})

describe('deleteRecord', () => {
  it('deleteRecord deletes, and succeeds if there is no record', async () => {
    const { cid } = await done('putRecord', { rkey: 'doomed', record: { a: 1 } })
    const remove = (input = {}) => ask('deleteRecord', { rkey: 'doomed', ...input })
    expect(await statusAndError(remove({ swapRecord: unknownCid }))).toEqual([400, 'InvalidSwap'])
    expect(await statusAndError(remove({ swapCommit: unknownCid }))).toEqual([400, 'InvalidSwap'])
    expect((await remove({ swapRecord: cid })).body).toEqual({ commit: await latest() })
    expect(await statusAndError(read('doomed'))).toEqual([400, 'RecordNotFound'])
    expect((await remove()).body).toEqual({})
    expect((await remove({ swapRecord: cid })).body).toEqual({})
    expect((await done('createRecord', { rkey: 'doomed', record: { a: 1 } })).cid).toBe(cid)
  })
})
