import { expect, it } from 'vitest'
import { mayPost } from '#src/gateway/pages/group/new-post.ts'
import { facetsOf, graphemesOf } from '#src/gateway/pages/group/post-text.ts'
import { openGroupPages } from '#tests/support/group-pages.ts'
import { eddie, olga } from '#tests/support/group-scenarios.ts'

it('links, mentions and tags of a post have the positions of their bytes', async () => {
  const text =
    '👩‍🌾 @eddie.test (https://example.com/ä?b=1). @nobody.test mail@eddie.test #garden, #1'
  const found = await facetsOf(text, async (handle) =>
    handle === 'eddie.test' ? eddie : undefined,
  )
  const bytes = Buffer.from(text)
  const said = found.map(({ index, features: [{ $type, ...feature }] }) => [
    bytes.subarray(index.byteStart, index.byteEnd).toString(),
    feature,
  ])
  expect(said).toEqual([
    ['@eddie.test', { did: eddie }],
    ['https://example.com/ä?b=1', { uri: 'https://example.com/ä?b=1' }],
    ['#garden', { tag: 'garden' }],
  ])
  expect(graphemesOf('👩‍🌾é')).toBe(2)
})

it('a member posts as the group; a text that is too long is refused, and stays in the form', async () => {
  const pages = await openGroupPages()
  const long = 'x'.repeat(301)
  const refused = await (await pages.post(olga, '/content/new/publish', { text: long })).text()
  expect(refused).toContain('A post has 1 to 300 characters.')
  expect(refused.match(/<textarea/g)).toHaveLength(1)
  expect(refused).toContain(long)
  await pages.post(eddie, '/content/new/publish', { text: 'The week in the garden' })
  const content = await (await pages.get(olga, '/content')).text()
  expect(content).toMatch(/The week in the garden.*eddie\.test/s)
})

it('a group that is not active, as one that has moved away, offers no post', () => {
  const group = { did: 'did:plc:group', handle: 'group.test', status: 'active' }
  const visit = { did: eddie, group, scope: 'repo:*' }
  expect(mayPost(visit)).toBe(true)
  expect(mayPost({ ...visit, scope: '' })).toBe(false)
  expect(mayPost({ ...visit, group: { ...group, status: 'deactivated' } })).toBe(false)
})
