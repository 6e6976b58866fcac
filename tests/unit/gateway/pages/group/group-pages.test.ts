import { beforeEach, describe, expect, it } from 'vitest'
import { listMembers } from '#src/account/group/members.ts'
import {
  ada,
  csrf,
  type GroupPages,
  nonMember,
  openGroupPages,
} from '#tests/support/group-pages.ts'
import { account, eddie, invite, olga } from '#tests/support/group-scenarios.ts'

let pages: GroupPages

beforeEach(async () => {
  pages = await openGroupPages()
})

const roles = async () => {
  const { members } = await listMembers(pages.group, { by: account, limit: 50 })
  return Object.fromEntries(members.map(({ did, role }) => [did, role]))
}

describe('the pages of a group', () => {
  it('show an owner everything, and an editor only what its role allows', async () => {
    for (const path of [
      '',
      '/members',
      '/invites',
      '/content',
      '/activity',
      '/apps',
      '/settings',
    ]) {
      const page = await pages.get(olga, path)
      expect([path, page.status]).toEqual([path, 200])
    }
    const overview = await (await pages.get(eddie, '')).text()
    expect(overview).toContain('Editor')
    expect(overview).not.toContain('/activity')
    expect((await pages.get(eddie, '/activity')).status).toBe(403)
    expect((await pages.get(eddie, '/invites')).status).toBe(403)
  })

  it('name members by their handles', async () => {
    const text = await (await pages.get(ada, '/members')).text()
    for (const name of ['olga.test', 'ada.test', 'eddie.test']) expect(text).toContain(name)
  })

  it('ask those who are signed out to sign in, and come back', async () => {
    const page = await pages.request('/members', {})
    expect(page.status).toBe(200)
    expect(await page.text()).toContain(
      'action="/account/sign-in?next=%2Fgroups%2Fgroup.test%2Fmembers"',
    )
  })
})

describe('actions of a group', () => {
  it('add a member by its handle, change its role, and remove it', async () => {
    const fields = { who: '@other.test', role: 'viewer' }
    const added = await pages.post(ada, '/members/add', fields)
    expect(added.status).toBe(303)
    expect(added.headers.get('location')).toBe('/groups/group.test/members?done')
    expect((await roles())[nonMember]).toBe('viewer')
    await pages.post(ada, '/members/change', { did: nonMember, role: 'editor' })
    expect((await roles())[nonMember]).toBe('editor')
    await pages.post(ada, '/members/remove', { did: nonMember })
    expect((await roles())[nonMember]).toBeUndefined()
  })

  it('are refused by the group beyond the role, in words, and change nothing', async () => {
    const before = await roles()
    const page = await pages.post(ada, '/members/remove', { did: olga })
    expect(page.status).toBe(403)
    expect(await page.text()).toContain('Your role does not have all permissions of this one.')
    expect((await pages.post(eddie, '/members/remove', { did: ada })).status).toBe(403)
    expect(await roles()).toEqual(before)
  })

  it('find no account by an email address, which would reveal its owner', async () => {
    const page = await pages.post(olga, '/members/add', {
      who: 'other@example.com',
      role: 'viewer',
    })
    expect(page.status).toBe(400)
    expect(await page.text()).not.toContain('other.test')
    expect((await roles())[nonMember]).toBeUndefined()
    for (const path of ['/groups/group@example.com/join', '/account/act-as/group@example.com']) {
      const found = await pages.open(nonMember, path)
      expect([path, found.status]).toEqual([path, 404])
      expect(await found.text()).not.toContain('group.test')
    }
  })

  it('accept a request to join from the first page', async () => {
    const token = await invite(pages.group, { approval: true })
    const joined = await pages.post(nonMember, `/join?token=${encodeURIComponent(token)}`)
    expect(joined.headers.get('location')).toBe('/groups/group.test/joined')
    const overview = await (await pages.get(olga, '')).text()
    expect(overview).toContain('other.test')
    await pages.post(olga, '/invites/resolve', { did: nonMember, accept: 'yes' })
    expect((await roles())[nonMember]).toBe('editor')
  })

  it('show a link to join once, by which others become members', async () => {
    const made = await pages.post(olga, '/invites/create', { role: 'viewer', days: '1' })
    const [, token = ''] = /join\?token=([\w-]+)/.exec(await made.text()) ?? []
    expect(token).not.toBe('')
    expect(await (await pages.get(olga, '/invites')).text()).not.toContain(token)
    const joined = await pages.post(nonMember, `/join?token=${token}`)
    expect(joined.headers.get('location')).toBe('/groups/group.test')
    expect((await roles())[nonMember]).toBe('viewer')
  })

  it('need the handle typed to leave', async () => {
    const wrong = await pages.post(eddie, '/settings/leave', { typed: 'group' })
    expect(wrong.status).toBe(400)
    expect((await roles())[eddie]).toBe('editor')
    const left = await pages.post(eddie, '/settings/leave', { typed: 'group.test' })
    expect(left.headers.get('location')).toBe('/groups')
    expect((await roles())[eddie]).toBeUndefined()
  })

  it('are in the activity with the names of those who did them', async () => {
    await pages.post(ada, '/members/change', { did: eddie, role: 'viewer' })
    const text = await (await pages.get(olga, '/activity')).text()
    expect(text).toContain('Changed a member')
    expect(text).toMatch(/ada\.test<small>Admin/)
    const filtered = await (await pages.get(olga, `/activity?actor=${eddie}`)).text()
    expect(filtered).not.toContain('Changed a member</td>')
  })
})

it('a form without the token, or from another site, does nothing', async () => {
  const before = await roles()
  const headers = {
    'content-type': 'application/x-www-form-urlencoded',
    cookie: `security-form=${csrf}; security-account=token.${olga}`,
  }
  const body = `did=${encodeURIComponent(eddie)}`
  const init = { method: 'POST', headers, body }
  expect((await pages.request('/members/remove', init)).status).toBe(403)
  const foreign = { ...headers, origin: 'https://elsewhere.example' }
  const withToken = { method: 'POST', headers: foreign, body: `${body}&csrf=${csrf}` }
  expect((await pages.request('/members/remove', withToken)).status).toBe(403)
  expect(await roles()).toEqual(before)
})
