/** Every page and form of a tenant's console, asked for by an admin of another tenant. */
import { describe, expect, it } from 'vitest'
import { tenantArea } from '#src/gateway/pages/tenant/pages.ts'
import { dumpSql } from '#tests/support/dump-sql.ts'
import { nonAdmin, openTenantPages, owner } from '#tests/support/tenant-pages.ts'
import { thingsOf } from '#tests/support/two-tenants.ts'

const { pages } = tenantArea({} as never)
const theirs = thingsOf('second')
const named = (path: string) => path.replace(':did', theirs.did).replace(':id', `${theirs.caseId}`)
const shown = pages.flatMap(({ path, live }) => [
  named(path),
  ...(live === undefined ? [] : [`${named(path)}/live`]),
])
const posted = pages.flatMap(({ path, actions = {} }) =>
  Object.keys(actions).map((name) => `${named(path)}/${name}`),
)

/** What any of the forms may have, all of the other tenant. */
const fields = {
  ...{ did: theirs.did, domain: theirs.domain, code: theirs.inviteCode, typed: theirs.handle },
  ...{ prefix: 'hw_second_abcdef', who: nonAdmin, role: 'owner', name: 'x', count: '1', uses: '1' },
  ...{
    externalId: theirs.externalId,
    url: 'https://example.com',
    since: '2026-01-01',
    file: '{}',
    text: 'x',
  },
}

async function open() {
  const opened = await openTenantPages()
  const { directory, tenants } = opened
  const rowsOfSecond = async () => [
    await directory.sql.all("SELECT * FROM tenant WHERE id = 'second'"),
    await directory.sql.all("SELECT * FROM tenant_admin WHERE tenant = 'second'"),
    await directory.sql.all("SELECT * FROM tenant_domain WHERE tenant = 'second'"),
    await directory.sql.all("SELECT * FROM account WHERE tenant = 'second'"),
    await directory.sql.all(`SELECT * FROM moderation_case WHERE n = ${theirs.caseId}`),
    await directory.sql.all(`SELECT * FROM moderation_entry WHERE case_n = ${theirs.caseId}`),
    await directory.sql.all("SELECT * FROM invite_code WHERE for_account = 'tenant:second'"),
    await dumpSql(tenants.get('second')!.sql),
  ]
  const before = await rowsOfSecond()
  return {
    ...opened,
    mustBeUntouched: async () => {
      expect(await rowsOfSecond()).toEqual(before)
      const own = /^(page\.check|identity\.getIdentity) of /
      expect(opened.accountCalls.filter((call) => !own.test(call))).toEqual([])
      expect(opened.deleted).toEqual([])
      expect(opened.webhookOwners).not.toContain('tenant:second')
    },
  }
}

describe('an admin of one tenant', () => {
  it.each(shown)('sees nothing of the page %s of another', async (path) => {
    const opened = await open()
    const page = await opened.get(owner, `/second${path}`)
    expect(page.status).toBe(404)
    expect(await page.text()).not.toContain(theirs.handle)
    await opened.mustBeUntouched()
  })

  it.each(posted)('changes nothing by the form %s of another', async (path) => {
    const opened = await open()
    expect((await opened.post(owner, `/second${path}`, fields)).status).toBe(404)
    await opened.mustBeUntouched()
  })

  it.each(posted)('changes nothing of another by its own form %s', async (path) => {
    const opened = await open()
    await opened.post(owner, `/roomy${path}`, fields)
    await opened.mustBeUntouched()
  })

  it('sees no account of another under its own path', async () => {
    const opened = await open()
    const page = await opened.get(owner, `/roomy/accounts/${theirs.did}`)
    expect(page.status).toBe(400)
    expect(await page.text()).not.toContain(theirs.handle)
  })
})

describe('an account that is no admin', () => {
  it.each(posted)('changes nothing by the form %s', async (path) => {
    const opened = await open()
    expect((await opened.post(nonAdmin, `/second${path}`, fields)).status).toBe(404)
    expect((await opened.post(nonAdmin, `/roomy${path}`, fields)).status).toBe(404)
    await opened.mustBeUntouched()
  })
})
