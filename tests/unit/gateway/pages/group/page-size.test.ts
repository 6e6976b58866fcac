import { expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import { addMember } from '#src/account/group/members.ts'
import { openGroupPages } from '#tests/support/group-pages.ts'
import { actingAs, eddie, olga, owner } from '#tests/support/group-scenarios.ts'

const MAX_BYTES = 60 * 1024

it('the pages of a large group stay small', { timeout: 60_000 }, async () => {
  const pages = await openGroupPages()
  for (let i = 0; i < 150; i++) {
    const did = `did:plc:${String(i).padStart(24, 'm')}`
    await addMember(pages.group, { by: owner, did, role: 'editor', note: 'x'.repeat(100) })
  }
  for (let i = 0; i < 30; i++) {
    const record = {
      ...{ $type: 'app.bsky.feed.post', text: `${i} <&> ${'&"\'x'.repeat(60)}` },
      createdAt: new Date(0).toISOString(),
    }
    const byMember = actingAs(eddie, 'editor', { client: 'https://app.example.com/client.json' })
    const input = { collection: 'app.bsky.feed.post', record, byMember }
    await accountActions.repo.createRecord(pages.group, input as never)
  }
  const sizes: Record<string, number> = {}
  const { since } = (await pages.group.history.load())!
  const history = ['', `/changes?from=${since}`, '/restore', '/settings'].map((path) => {
    return `/history${path}`
  })
  const others = ['', '/members', '/members?q=m', '/content', '/activity', '/invites']
  for (const path of [...others, ...history]) {
    const page = await pages.get(olga, path)
    expect(page.status).toBe(200)
    sizes[path] = (await page.text()).length
  }
  expect(Object.entries(sizes).filter(([, bytes]) => bytes > MAX_BYTES)).toEqual([])
})
