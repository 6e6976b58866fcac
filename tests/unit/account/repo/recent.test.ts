/** The records that an AppView at an earlier rev does not have yet. */
import { expect, it } from 'vitest'
import { recentRecords } from '#src/account/repo/recent.ts'
import { createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const posts = 'app.bsky.feed.post'
const post = (text: string) => ({
  collection: posts,
  record: { $type: posts, text, createdAt: '2026-01-01T00:00:00.000Z' },
})
const profile = (displayName: string) => ({
  ...{ collection: 'app.bsky.actor.profile', rkey: 'self' },
  record: { $type: 'app.bsky.actor.profile', displayName },
})

async function revOf(account: OpenAccount): Promise<string> {
  return (await account.lane.head()).rev
}

async function texts(account: OpenAccount, since: string) {
  const recent = await recentRecords(account, { since })
  return recent?.posts.map(({ record }) => record['text']) ?? null
}

it('recentRecords returns the posts since a rev, oldest first, with the profile', async () => {
  const account = await openTestAccount()
  await createRecord(account, post('one'))
  await putRecord(account, profile('Alice'))
  const since = await revOf(account)
  const { uri, cid } = await createRecord(account, post('two'))
  await createRecord(account, post('three'))
  const recent = await recentRecords(account, { since })
  expect(recent?.handle).toBe('alice.test')
  expect(recent?.profile).toMatchObject({ isRecent: false, record: { displayName: 'Alice' } })
  expect(recent?.posts[0]).toEqual({
    ...{ uri, cid, record: post('two').record },
    indexedAt: expect.stringMatching(/^2026-01-01T00:00:00\.\d{3}Z$/),
  })
  expect(await texts(account, since)).toEqual(['two', 'three'])
})

it('recentRecords follows every commit', async () => {
  const account = await openTestAccount()
  await createRecord(account, post('one'))
  const since = await revOf(account)
  expect(await recentRecords(account, { since })).toBe(null)
  const { uri } = await createRecord(account, post('two'))
  expect(await texts(account, since)).toEqual(['two'])
  await deleteRecord(account, { collection: posts, rkey: uri.split('/').at(-1)! })
  expect(await texts(account, since)).toBe(null)
  await putRecord(account, profile('Alice'))
  expect(await recentRecords(account, { since })).toMatchObject({
    profile: { isRecent: true, uri: `at://${testDid}/app.bsky.actor.profile/self` },
    posts: [],
  })
})

it('recentRecords returns nothing if every record is newer than the rev, which is then from an earlier repo', async () => {
  const account = await openTestAccount()
  const since = await revOf(account)
  await createRecord(account, post('one'))
  await createRecord(account, post('two'))
  expect(await recentRecords(account, { since })).toBe(null)
})

it('recentRecords returns at most ten posts, and none that are large', async () => {
  const account = await openTestAccount()
  await createRecord(account, post('old'))
  const since = await revOf(account)
  for (let i = 1; i <= 12; i++) await createRecord(account, post(`${i}`))
  await createRecord(account, {
    ...post('x'),
    record: { ...post('x').record, junk: 'x'.repeat(20_000) },
  })
  expect(await texts(account, since)).toEqual(['3', '4', '5', '6', '7', '8', '9', '10', '11', '12'])
})

it.each(['', 'nonsense', '9999999999999', "' OR 1 --"])(
  'recentRecords returns nothing for the rev %j',
  async (since) => {
    const account = await openTestAccount()
    await createRecord(account, post('one'))
    expect(await recentRecords(account, { since })).toBe(null)
  },
)

it('recentRecords leaves out posts and a profile that their lexicon refuses', async () => {
  const account = await openTestAccount()
  await createRecord(account, post('one'))
  const since = await revOf(account)
  const unchecked = (more: object) =>
    createRecord(account, {
      ...{ collection: posts, validate: false },
      record: { ...post('two').record, ...more },
    })
  await unchecked({ text: 5 })
  await unchecked({ embed: { $type: 'app.bsky.embed.images', images: [{ image: {} }] } })
  await unchecked({
    embed: { $type: 'app.bsky.embed.external', external: { uri: 'https://example.com' } },
  })
  await putRecord(account, { ...profile('x'.repeat(1000)), validate: false })
  expect(await recentRecords(account, { since })).toBe(null)
  await createRecord(account, post('three'))
  expect(await texts(account, since)).toEqual(['three'])
  expect(await recentRecords(account, { since })).toMatchObject({ profile: null })
})
