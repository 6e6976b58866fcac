/** com.atproto.repo: writing and reading records, and their events. */

import type { Account } from '../account.ts'
import { createAccount } from '../accounts.ts'
import type { RecordingClient } from '../recording-client.ts'
import type { Scenario } from '../scenario.ts'

const repo = 'com.atproto.repo'
const thing = 'com.example.thing'
const post = 'app.bsky.feed.post'
const createdAt = '2026-01-01T00:00:00.000Z'
const someCid = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'

/** Inputs of createRecord and putRecord, without the repo. */
const inputs: Record<string, object> = {
  'unknown to all': { collection: thing, record: { a: 1 } },
  'unknown, to be validated': { collection: thing, record: { a: 1 }, validate: true },
  'unknown, not validated': { collection: thing, record: { a: 1 }, validate: false },
  'a post': { collection: post, record: { text: 'hello', createdAt } },
  'a post, validated': { collection: post, record: { text: 'hello', createdAt }, validate: true },
  'a post, not validated': {
    collection: post,
    record: { text: 'hello', createdAt },
    validate: false,
  },
  'a bad post': { collection: post, record: { text: 1 } },
  'a bad post, not validated': { collection: post, record: { text: 1 }, validate: false },
  'a post of 301 letters': { collection: post, record: { text: 'x'.repeat(301), createdAt } },
  'a post of no language': { collection: post, record: { text: 'x', createdAt, langs: ['#'] } },
  'a post with a bad date': { collection: post, record: { text: 'x', createdAt: 'today' } },
  'another $type': {
    collection: post,
    record: { $type: 'app.bsky.feed.like', text: 'x', createdAt },
  },
  'a $type that is a number': { collection: thing, record: { $type: 1 } },
  'no object': { collection: thing, record: 'text' },
  'an array': { collection: thing, record: [] },
  null: { collection: thing, record: null },
  'a fraction': { collection: thing, record: { a: 1.5 } },
  'a large number': { collection: thing, record: { a: 2 ** 53 } },
  'a bad link': { collection: thing, record: { a: { $link: 'nothing' } } },
  'a link': { collection: thing, record: { a: { $link: someCid } } },
  bytes: { collection: thing, record: { a: { $bytes: 'aGVsbG8' } } },
  'bad bytes': { collection: thing, record: { a: { $bytes: '###' } } },
  'a blob that is not there': {
    collection: thing,
    record: {
      a: {
        $type: 'blob',
        ref: { $link: 'bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity' },
        mimeType: 'image/png',
        size: 1,
      },
    },
  },
  'a blob of the old form': {
    collection: thing,
    record: { a: { cid: someCid, mimeType: 'image/png' } },
  },
  'a bad collection': { collection: 'nothing', record: {} },
  'a key of a kind': { collection: thing, rkey: 'any:key_1.~-', record: {} },
  'a bad key': { collection: thing, rkey: 'a/b', record: {} },
  'the key .': { collection: thing, rkey: '.', record: {} },
  'an empty key': { collection: thing, rkey: '', record: {} },
  'a key of 512': { collection: thing, rkey: 'k'.repeat(512), record: {} },
  'a key of 513': { collection: thing, rkey: 'k'.repeat(513), record: {} },
  'a post under a word': { collection: post, rkey: 'word', record: { text: 'x', createdAt } },
  'a profile': { collection: 'app.bsky.actor.profile', rkey: 'self', record: { displayName: 'P' } },
  'a profile under a word': { collection: 'app.bsky.actor.profile', rkey: 'word', record: {} },
  'a slur for a key': { collection: thing, rkey: 'nigger', record: {} },
  'a wrong swapCommit': { collection: thing, record: {}, swapCommit: someCid },
  'a bad swapCommit': { collection: thing, record: {}, swapCommit: 'x' },
  'a schema': {
    collection: 'com.atproto.lexicon.schema',
    rkey: 'com.example.a',
    record: { lexicon: 1 },
  },
  'far too deep': { collection: thing, record: deep(100) },
  'no record': { collection: thing },
}

function deep(levels: number): object {
  return levels === 0 ? {} : { a: deep(levels - 1) }
}

export const records: Scenario = {
  name: 'records',
  environment: 'alone',
  async run(client) {
    const account = await createAccount(client, 'writer')
    const other = await createAccount(client, 'other-writer')
    await client.subscribe(other)
    await writes(client, account)
    await swaps(client, account)
    await batches(client, account)
    await keys(client, account)
    await follows(client, account, other)
    const { did, access: as, handle } = account
    for (const [what, whose] of Object.entries({
      'another repo': other.did,
      'by handle': handle,
      'unknown account': 'nobody.test',
      'no name': 'x',
    })) {
      const body = { repo: whose, collection: thing, record: { a: 'other' } }
      await client.call(what, `${repo}.createRecord`, { as, body })
      await client.call(what, `${repo}.putRecord`, { as, body: { ...body, rkey: 'r' } })
      await client.call(what, `${repo}.deleteRecord`, {
        as,
        body: { repo: whose, collection: thing, rkey: 'r' },
      })
      await client.call(what, `${repo}.applyWrites`, { as, body: { repo: whose, writes: [] } })
      await client.call(what, `${repo}.describeRepo`, { query: { repo: whose } })
      await client.call(what, `${repo}.listRecords`, {
        query: { repo: whose, collection: 'com.example.list' },
      })
      await client.call(what, `${repo}.getRecord`, {
        query: { repo: whose, collection: thing, rkey: 'swapped' },
      })
    }
    const big = { repo: did, collection: thing, record: { a: 'x'.repeat(1_000_100) } }
    await client.call('more than a megabyte', `${repo}.createRecord`, { as, body: big })
    await client.skipEvents()
  },
}

async function writes(client: RecordingClient, { did, access: as }: Account) {
  for (const [what, input] of Object.entries(inputs)) {
    await client.call(what, `${repo}.createRecord`, { as, body: { repo: did, ...input } })
    const body = { repo: did, rkey: `put-${what.replaceAll(/\W+/g, '-')}`, ...input }
    await client.call(what, `${repo}.putRecord`, { as, body })
    const {
      collection,
      rkey = 'w',
      record = {},
    } = input as { collection: string; rkey?: string; record?: unknown }
    const write = {
      $type: `${repo}.applyWrites#create`,
      collection,
      value: record,
      ...(rkey && { rkey: `${rkey}-2` }),
    }
    await client.call(what, `${repo}.applyWrites`, {
      as,
      body: { repo: did, writes: [{ ...write, rkey: `aw-${what.replaceAll(/\W+/g, '-')}` }] },
    })
    await client.events(what)
  }
}

async function swaps(client: RecordingClient, { did, access: as }: Account) {
  const put = (what: string, more: object) =>
    client.call(what, `${repo}.putRecord`, {
      as,
      body: { repo: did, collection: thing, rkey: 'swapped', ...more },
    })
  const remove = (what: string, more: object) =>
    client.call(what, `${repo}.deleteRecord`, {
      as,
      body: { repo: did, collection: thing, rkey: 'swapped', ...more },
    })
  await put('must be there', { record: { n: 0 }, swapRecord: someCid })
  const { body: first } = await put('must not be there', { record: { n: 1 }, swapRecord: null })
  await put('must not be there again', { record: { n: 2 }, swapRecord: null })
  await put('the same', { record: { n: 1 } })
  await client.skipEvents()
  await put('the right one', { record: { n: 2 }, swapRecord: first.cid })
  await client.events('an update')
  await put('the wrong one', { record: { n: 3 }, swapRecord: first.cid })
  await put('a bad one', { record: { n: 3 }, swapRecord: 'x' })
  const query = { repo: did, collection: thing, rkey: 'swapped' }
  await client.call('as it is', `${repo}.getRecord`, { query })
  await client.call('with a cid', `${repo}.getRecord`, { query: { ...query, cid: first.cid } })
  await client.call('with a bad cid', `${repo}.getRecord`, { query: { ...query, cid: 'x' } })
  await client.call('not there', `${repo}.getRecord`, { query: { ...query, rkey: 'gone' } })
  await client.call('with bad names', `${repo}.getRecord`, {
    query: { ...query, collection: 'x' },
  })
  await remove('the wrong one', { swapRecord: first.cid })
  await remove('a wrong commit', { swapCommit: someCid })
  await client.skipEvents()
  await remove('good', {})
  await client.events('a deletion')
  await remove('again', {})
  await client.events('a deletion of nothing')
}

async function batches(client: RecordingClient, { did, access: as }: Account) {
  const create = (rkey: string, value: unknown = { rkey }) => ({
    $type: `${repo}.applyWrites#create`,
    collection: thing,
    rkey,
    value,
  })
  const update = (rkey: string) => ({
    $type: `${repo}.applyWrites#update`,
    collection: thing,
    rkey,
    value: { rkey, n: 2 },
  })
  const remove = (rkey: string) => ({
    $type: `${repo}.applyWrites#delete`,
    collection: thing,
    rkey,
  })
  const cases: Record<string, object> = {
    nothing: { writes: [] },
    'three of a kind': { writes: [create('b1'), create('b2'), create('b3')] },
    'one of each': { writes: [create('b4'), update('b1'), remove('b2')] },
    'twice the same key': { writes: [create('b5'), create('b5')] },
    'a key that is there': { writes: [create('b1')] },
    'an update of nothing': { writes: [update('none')] },
    'a deletion of nothing': { writes: [remove('none')] },
    'create and delete': { writes: [create('b6'), remove('b6')] },
    'create and update': { writes: [create('b7'), update('b7')] },
    'no $type': { writes: [{ collection: thing, rkey: 'x', value: {} }] },
    'an unknown $type': { writes: [{ $type: 'com.example.write', collection: thing }] },
    'a bad collection': { writes: [{ ...create('x'), collection: 'x' }] },
    '201 writes': { writes: Array.from({ length: 201 }, (_, i) => create(`many${i}`)) },
    'no key': {
      writes: [{ $type: `${repo}.applyWrites#create`, collection: thing, value: { a: 'no key' } }],
    },
    'a wrong swapCommit': { writes: [], swapCommit: someCid },
    'to be validated': { writes: [create('b8')], validate: true },
    'not to be validated': { writes: [create('b9')], validate: false },
    'no writes': {},
  }
  await client.skipEvents()
  for (const [what, body] of Object.entries(cases)) {
    await client.call(what, `${repo}.applyWrites`, { as, body: { repo: did, ...body } })
    await client.events(what)
  }
  for (const method of ['createRecord', 'putRecord']) {
    const body = { repo: did, collection: thing, rkey: 'b1', record: { taken: method } }
    await client.call('a key that is there', `${repo}.${method}`, { as, body })
  }
}

async function keys(client: RecordingClient, { did, access: as }: Account) {
  const collection = 'com.example.list'
  for (const rkey of ['a', 'b', 'c', 'd', 'e']) {
    await client.prepare(`${repo}.createRecord`, {
      as,
      body: { repo: did, collection, rkey, record: { rkey } },
    })
  }
  const cases: Record<string, Record<string, string | number | boolean>> = {
    all: {},
    two: { limit: 2 },
    'two more': { limit: 2, cursor: 'd' },
    backwards: { reverse: true, limit: 2 },
    'backwards from': { reverse: true, cursor: 'b' },
    'no limit': { limit: 0 },
    'too many': { limit: 101 },
    'a word': { limit: 'x' },
    'after the last': { cursor: 'a' },
    'an odd cursor': { cursor: '../x' },
    'an empty cursor': { cursor: '' },
    'reverse 1': { reverse: '1' },
    rkeyStart: { rkeyStart: 'b' },
  }
  for (const [what, more] of Object.entries(cases)) {
    await client.call(what, `${repo}.listRecords`, { query: { repo: did, collection, ...more } })
  }
  await client.call('limit twice', `${repo}.listRecords`, {
    query: `repo=${did}&collection=${collection}&limit=1&limit=2`,
  })
  await client.call('a bad collection', `${repo}.listRecords`, {
    query: { repo: did, collection: 'x' },
  })
  await client.call('packed', `${repo}.listRecords`, {
    query: { repo: did, collection },
    headers: { 'accept-encoding': 'identity' },
  })
}

async function follows(client: RecordingClient, { did, access: as }: Account, other: Account) {
  const subject = { uri: `at://${other.did}/${post}/3kaaaaaaaaa22`, cid: someCid }
  const cases: Record<string, [string, object]> = {
    follow: ['app.bsky.graph.follow', { subject: other.did, createdAt }],
    like: ['app.bsky.feed.like', { subject, createdAt }],
    repost: ['app.bsky.feed.repost', { subject, createdAt }],
    block: ['app.bsky.graph.block', { subject: other.did, createdAt }],
  }
  await client.skipEvents()
  for (const [what, [collection, record]] of Object.entries(cases)) {
    const body = { repo: did, collection, record }
    await client.call(`a ${what}`, `${repo}.createRecord`, { as, body })
    await client.call(`a second ${what}`, `${repo}.createRecord`, { as, body })
    await client.call(`a third ${what}, not validated`, `${repo}.createRecord`, {
      as,
      body: { ...body, validate: false },
    })
    await client.events(what)
    const { body: list } = await client.request(`${repo}.listRecords`, {
      query: { repo: did, collection },
    })
    client.record(`so many of ${what}`, list.records.length)
  }
}
