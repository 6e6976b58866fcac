/** The pages of a history, with those of a group; the account area has the same ones. */
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import { addMember, listMembers } from '#src/account/group/members.ts'
import { ada, type GroupPages, openGroupPages } from '#tests/support/group-pages.ts'
import { account, actingAs, eddie, olga, owner } from '#tests/support/group-scenarios.ts'
import { testDid } from '#tests/support/open-account.ts'
import { exportedCar } from '#tests/support/repo-cars.ts'

const collection = 'com.example.note'
const app = 'https://app.example.com/client.json'
const maria = 'did:plc:maria'

let pages: GroupPages

beforeEach(async () => {
  pages = await openGroupPages()
  await addMember(pages.group, { by: owner, did: maria, role: 'editor' })
})

async function put(rkey: string, text: string, by = eddie, client = 'page') {
  const byMember = actingAs(by, by === olga ? 'owner' : 'editor', {
    client,
    call: `${by} ${rkey} ${text}`,
  })
  const record = { $type: collection, text, createdAt: '2026-01-01T00:00:00.000Z' }
  await accountActions.repo.putRecord(pages.group, { collection, rkey, record, byMember } as never)
  return (await pages.group.lane.head()).rev
}

async function remove(rkey: string) {
  const byMember = actingAs(eddie, 'editor', { call: `delete ${rkey}` })
  await accountActions.repo.deleteRecord(pages.group, { collection, rkey, byMember } as never)
  return (await pages.group.lane.head()).rev
}

/** What the page shows, without its styles. */
const textOf = async (path: string, as = olga) =>
  (await (await pages.get(as, path)).text()).replace(/<style.*<\/style>/s, '')

/** What the records say now. */
async function texts(): Promise<Record<string, string>> {
  const answer = await accountActions.repo.listRecords(pages.group, {
    ...{ collection, limit: 100, reverse: true },
  } as never)
  const { json } = answer as unknown as { json: string }
  const all = JSON.parse(json).records as { uri: string; value: { text: string } }[]
  return Object.fromEntries(all.map(({ uri, value }) => [uri.split('/').at(-1), value.text]))
}

describe('the history of a group', () => {
  it('says who did what, and finds it by member, app and collection', async () => {
    await put('one', 'hello')
    await put('two', 'world', maria, app)
    const rows = async (query = '') => {
      const text = await textOf(`/history${query}`)
      return [...text.matchAll(/<tr data-id.*?<\/tr>/gs)].map(([row]) => row)
    }
    const [newest, before] = await rows()
    expect(newest).toMatch(
      /did:plc:maria<\/a>.*app\.example\.com.*rkey=two">world<\/a><small>com\.example\.note · Created</s,
    )
    expect(before).toMatch(/eddie\.test<\/a>.*rkey=one">hello</s)
    for (const query of [`actor=${maria}`, `actor=${encodeURIComponent(app)}`]) {
      expect((await rows(`?${query}`)).map((row) => row.includes('>world<'))).toEqual([true])
    }
    expect(await rows('?collection=com.example.other')).toEqual([])
    expect((await pages.get(eddie, '/history')).status).toBe(403)
    expect(await textOf('', eddie)).not.toContain('/history')
  })

  it('shows a record before and after a commit, field by field and escaped', async () => {
    const from = await put('one', 'old & <b>')
    const to = await put('one', 'new')
    const text = await textOf(`/history/changes?${new URLSearchParams({ from, to })}`)
    expect(text).toMatch(/data-label="Before">old &amp; &lt;b&gt;<.*data-label="After">new</s)
    expect(text).not.toContain('createdAt')
  })

  it('restores a version of a record, and deletes earlier ones only with its key typed', async () => {
    const at = await put('one', 'old')
    await put('one', 'new')
    const place = { collection, rkey: 'one' }
    const page = `/history/record?${new URLSearchParams(place)}`
    const shown = await textOf(page)
    expect(shown).toMatch(/<h2>new.*Current.*<h2>old.*Restore this version/s)
    expect(shown).toContain(`<section aria-label="old, ${at}">`)
    await pages.post(olga, `/history/record/restore`, { ...place, at })
    expect(await texts()).toEqual({ one: 'old' })
    const forget = page.replace('record?', 'record/forget?')
    const wrong = await pages.post(olga, forget, { ...place, typed: 'on' })
    expect([wrong.status, (await wrong.text()).includes('The text does not match')]).toEqual([
      400,
      true,
    ])
    await pages.post(olga, forget, { ...place, typed: 'one' })
    expect(await textOf(page)).not.toContain('<h2>new')
    expect(await texts()).toEqual({ one: 'old' })
  })

  it('a version that is gone, or a file of which is, is not offered, and the page says why', async () => {
    const from = await put('one', 'old')
    await put('one', 'new')
    const to = await remove('one')
    const record = `/history/record?${new URLSearchParams({ collection, rkey: 'one' })}`
    const changes = `/history/changes?${new URLSearchParams({ from, to })}`
    const offered = async (path: string) =>
      (await textOf(path)).match(/>Restore this/g)?.length ?? 0
    expect([await offered(record), await offered(changes)]).toEqual([2, 1])
    // As it answers if a blob of the record is gone.
    const { readValues, getRecordVersions } = accountActions.history
    const versions = vi.spyOn(accountActions.history, 'getRecordVersions')
    versions.mockImplementation(async (...call) => {
      const { json } = await getRecordVersions(...call)
      const found = JSON.parse(json) as { versions: object[] }
      const all = found.versions.map((version) => ({ ...version, restorable: false }))
      return { json: JSON.stringify({ ...found, versions: all }) }
    })
    const values = vi.spyOn(accountActions.history, 'readValues')
    values.mockImplementation(async (...call) => {
      const { json } = await readValues(...call)
      return { json: JSON.stringify({ ...JSON.parse(json), restorable: [false] }) }
    })
    for (const path of [record, changes]) {
      expect(await offered(path)).toBe(0)
      expect(await textOf(path)).toContain('cannot be restored: a file in it is gone')
    }
    vi.restoreAllMocks()
    await pages.post(olga, record.replace('record?', 'record/forget?'), {
      ...{ collection, rkey: 'one', typed: 'one' },
    })
    for (const path of [record, changes]) {
      expect(await offered(path)).toBe(0)
      expect(await textOf(path)).toContain('The content was deleted permanently')
    }
  })

  it('says what deleting the versions for good leaves, and offers it only if there is one', async () => {
    const record = `/history/record?${new URLSearchParams({ collection, rkey: 'one' })}`
    await put('one', 'old')
    expect(await textOf(record)).not.toContain('Delete earlier versions')
    await put('one', 'new')
    expect(await textOf(record)).toContain('The current one is kept.')
    await remove('one')
    const page = await textOf(record)
    expect(page).toContain('The record was deleted. After this, its versions can no longer')
    expect(page).not.toContain('is kept')
  })

  it('counts what a member did, undoes it, and undoes that again but not what was written since', async () => {
    await put('one', 'by Maria', maria)
    await put('one', 'by Eddie')
    await put('two', 'also by Eddie')
    await put('two', 'Maria has the last word', maria)
    await put('three', 'spam')
    const before = await texts()
    const asked = `/history/restore?actor=${eddie}`
    const plan = await textOf(asked)
    expect(plan).toMatch(/Change back<\/dt><dd>1<.*Are deleted<\/dt><dd>1</s)
    expect(await texts()).toEqual(before)
    const [, at = ''] = /name="at" value="([^"]+)"/.exec(plan) ?? []
    const begun = await pages.post(olga, '/history/restore/start', { at, actor: eddie })
    expect(begun.headers.get('location')).toBe('/groups/group.test/history/restore')
    await pages.group.background.settled()
    expect(await texts()).toEqual({ one: 'by Maria', two: 'Maria has the last word' })
    const after = await textOf('/history/restore')
    expect(after).toMatch(/Done.*olga\.test.*2 \/ 2/s)
    const [, undo = ''] = /href="([^"]+)">Undo this restore/.exec(after) ?? []
    const path = undo.replaceAll('&amp;', '&').replace('/groups/group.test', '')
    await put('four', 'by Olga', olga)
    const planned = await textOf(path)
    expect(planned).toMatch(
      /Come back<\/dt><dd>1<.*Change back<\/dt><dd>1<.*Are deleted<\/dt><dd>0</s,
    )
    const form = Object.fromEntries(
      [...planned.matchAll(/name="(at|actor|action)" value="([^"]+)"/g)].map(([, k, v]) => [k, v]),
    )
    await pages.post(olga, '/history/restore/start', form)
    await pages.group.background.settled()
    expect(await texts()).toEqual({ ...before, four: 'by Olga' })
  })

  it('removes a member and undoes what it did with one form, if the role may remove it', async () => {
    await put('one', 'spam', maria)
    const page = await textOf(`/history/restore?actor=${maria}`)
    expect(page).toContain('Remove did:plc:maria and undo')
    expect(await textOf(`/history/restore?actor=${olga}`, ada)).not.toContain('and undo')
    const [, at = ''] = /name="at" value="([^"]+)"/.exec(page) ?? []
    await pages.post(ada, '/history/restore/start', { at, actor: maria, remove: 'yes' })
    await pages.group.background.settled()
    const { members } = await listMembers(pages.group, { by: account, limit: 50 })
    expect(members.map(({ did }) => did)).not.toContain(maria)
    expect(await texts()).toEqual({})
  })

  it('downloads the repo as it was', async () => {
    const at = await put('one', 'old')
    const car = await exportedCar(pages.group)
    await put('one', 'new')
    const file = await pages.post(olga, '/history/changes/download', { at })
    expect(file.headers.get('content-disposition')).toContain(`group.test-${at}.car`)
    expect(Buffer.compare(Buffer.from(await file.arrayBuffer()), car)).toBe(0)
  })

  it('is kept as long as is set, and emptied or turned off only with the handle typed', async () => {
    await put('one', 'old')
    await put('one', 'new')
    await pages.post(olga, '/history/settings/days', { days: '3' })
    expect(await textOf('/history/settings')).toContain('>3 days<')
    // Deletes nothing by a typing error.
    await pages.post(olga, '/history/settings/days', { days: '0' })
    expect(await textOf('/history/settings')).toContain('>1 day<')
    for (const name of ['empty', 'off']) {
      const refused = await pages.post(olga, `/history/settings/${name}`, { typed: testDid })
      expect(refused.status).toBe(400)
    }
    expect(await textOf('/history')).toMatch(/>new<.*>old</s)
    await pages.post(olga, '/history/settings/empty', { typed: 'group.test' })
    // The current records are those of a commit that was kept.
    expect(
      await textOf(`/history/record?${new URLSearchParams({ collection, rkey: 'one' })}`),
    ).not.toContain('<h2>old')
    await pages.post(olga, '/history/settings/off', { typed: 'group.test' })
    for (const path of ['', '/changes?from=2026-01-01T00:00:00Z', '/restore']) {
      const page = await pages.get(olga, `/history${path}`)
      expect([path, page.status]).toEqual([path, 200])
      expect(await page.text()).toContain('The history is off')
    }
  })
})
