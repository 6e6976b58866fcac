/** Every page and form of a group, asked for by an account that is no member of it, and by a browser without a session. */
import { describe, expect, it } from 'vitest'
import { groupArea } from '#src/gateway/pages/group/pages.ts'
import { dumpSql } from '#tests/support/dump-sql.ts'
import { csrf, nonMember, openGroupPages } from '#tests/support/group-pages.ts'

const { pages } = groupArea({} as never)
const shown = pages.flatMap(({ path, live }) => [
  path,
  ...(live === undefined ? [] : [`${path}/live`]),
])
const posted = pages.flatMap(({ path, actions = {} }) =>
  Object.keys(actions).map((name) => `${path}/${name}`),
)

/** What any of the forms may have. */
const fields = {
  ...{ did: nonMember, who: nonMember, role: 'owner', to: nonMember, owner: nonMember },
  ...{ typed: 'group.test', accept: 'yes', id: 'x', name: 'x', scope: 'atproto', days: '1' },
  ...{ collection: 'com.example.thing', rkey: 'x' },
}

describe('an account that is no member', () => {
  it.each(shown)('sees nothing of the page %s', async (path) => {
    const group = await openGroupPages()
    const page = await group.get(nonMember, path)
    expect(page.status).toBe(403)
    expect(await page.text()).not.toContain('olga.test')
    // It does not even wake the group.
    expect(group.calls).toEqual([])
  })

  it.each(posted)('changes nothing by the form %s', async (path) => {
    const group = await openGroupPages()
    const before = await dumpSql(group.group.sql)
    const page = await group.post(nonMember, path, fields)
    expect(page.status).toBe(403)
    expect(group.calls).toEqual([])
    expect(await dumpSql(group.group.sql)).toEqual(before)
  })
})

describe('a browser without a session', () => {
  it.each(posted)('changes nothing by the form %s', async (path) => {
    const group = await openGroupPages()
    const headers = {
      'content-type': 'application/x-www-form-urlencoded',
      cookie: `security-form=${csrf}`,
    }
    const body = new URLSearchParams({ csrf, ...fields }).toString()
    const page = await group.request(path, { method: 'POST', headers, body })
    expect(page.status).toBe(401)
    expect(group.calls).toEqual([])
  })
})
