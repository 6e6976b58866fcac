import { beforeEach, describe, expect, it } from 'vitest'
import {
  getTenant,
  listTenantDomains,
  recordArchive,
  recordRelay,
  recordRelayAccounts,
} from '#src/directory/directory.ts'
import { tenantArea } from '#src/gateway/pages/tenant/pages.ts'
import { listKeys } from '#src/tenants/api-keys.ts'
import { listAudit } from '#src/tenants/audit.ts'
import { admin, nonAdmin, openTenantPages, owner } from '#tests/support/tenant-pages.ts'
import { thingsOf } from '#tests/support/two-tenants.ts'

let pages: Awaited<ReturnType<typeof openTenantPages>>
const { did, handle, externalId } = thingsOf('roomy')

const relayAnswer = {
  ...{ nextAt: 5, failures: 0, error: null },
  ...{ status: 'active', accounts: 5, seq: 7, lagMs: 20 },
}

beforeEach(async () => {
  pages = await openTenantPages()
})

describe('the console of a tenant', () => {
  it('leads an admin of one tenant straight to it, and others to an explanation', async () => {
    const one = await pages.get(admin, '')
    expect(one.headers.get('location')).toBe('/tenant/roomy')
    const none = await pages.get(nonAdmin, '')
    expect(none.status).toBe(200)
    expect(await none.text()).toContain('not an admin of a platform')
  })

  it('shows an owner every page, and an admin those without keys and the audit log', async () => {
    const ownerOnly = ['/keys', '/audit', '/branding']
    const shared = [
      '',
      '/accounts',
      '/moderation',
      '/moderation/1',
      '/create',
      '/domains',
      '/invites',
      '/webhooks',
    ]
    for (const path of [...shared, ...ownerOnly, `/accounts/${did}`]) {
      const page = await pages.get(owner, `/roomy${path}`)
      expect([path, page.status]).toEqual([path, 200])
    }
    for (const path of ownerOnly) expect((await pages.get(admin, `/roomy${path}`)).status).toBe(403)
    expect(await (await pages.get(admin, '/roomy')).text()).not.toContain('/roomy/keys')
  })

  it('lets an owner set for how long accounts keep their history', async () => {
    const days = async () =>
      (await getTenant(pages.directory, { id: 'roomy' }))?.settings.historyDays
    await pages.post(owner, '/roomy/branding/history', { days: '45' })
    expect(await days()).toBe(45)
    expect(await (await pages.get(owner, '/roomy/branding')).text()).toContain('value="45"')
    const wrong = await pages.post(owner, '/roomy/branding/history', { days: 'many' })
    expect(await wrong.text()).toContain('This must be a number: many')
    await pages.post(owner, '/roomy/branding/history', { days: '' })
    expect(await days()).toBeUndefined()
  })

  it('shows when an account was archived, if the server makes archives', async () => {
    const page = async () => (await pages.get(admin, `/roomy/accounts/${did}`)).text()
    expect(await page()).not.toContain('Last archive')
    pages.archives.isConfigured = true
    expect(await page()).toContain('none yet')
    await recordArchive(pages.directory, { did, rev: '3k', name: 'one', bytes: 9 })
    expect(await page()).not.toContain('none yet')
  })

  it('finds an account by the id that the platform has for it, and by its handle', async () => {
    for (const q of [externalId, handle, `@${handle}`, did]) {
      const page = await pages.get(admin, `/roomy/accounts?${new URLSearchParams({ q })}`)
      expect(await page.text()).toContain(`/tenant/roomy/accounts/${did}`)
    }
    const none = await pages.get(admin, '/roomy/accounts?q=unknown')
    expect(await none.text()).toContain('No account of yours')
  })
})

describe('actions of the console', () => {
  it('suspend an account as the method does, with a row in the audit log', async () => {
    const done = await pages.post(admin, `/roomy/accounts/${did}/suspend`, { reason: 'spam' })
    expect(done.status).toBe(303)
    expect(pages.accountCalls).toContain(`lifecycle.changeState of ${did}`)
    const { entries } = await listAudit(pages.tenants.get('roomy')!, { limit: 1 })
    expect(entries[0]).toMatchObject({ actor: admin, action: 'suspendAccount', target: did })
  })

  it('suspend the account of a case, add notes to it and escalate it, and do not say who has reported', async () => {
    const path = '/roomy/moderation/1'
    for (const [action, fields] of [
      ['suspend', {}],
      ['note', { text: 'we know them' }],
      ['escalate', { text: 'please decide' }],
    ] as const) {
      const done = await pages.post(admin, `${path}/${action}`, fields)
      expect([action, done.status]).toEqual([action, 303])
    }
    expect(pages.accountCalls).toContain(`lifecycle.changeState of ${did}`)
    const text = await (await pages.get(admin, path)).text()
    for (const shown of [
      'we know them',
      'please decide',
      'The account was suspended.',
      'about roomy',
    ]) {
      expect(text).toContain(shown)
    }
    expect(text).toContain('Escalated')
    expect(text).not.toContain('did:plc:reporter')
    const { entries } = await listAudit(pages.tenants.get('roomy')!, { limit: 9 })
    const suspended = entries.find(({ action }) => action === 'suspendAccount')
    expect(suspended?.detail).toContain('case 1')
    expect((await pages.get(admin, '/roomy/moderation')).status).toBe(200)
    expect(await (await pages.get(admin, '/roomy/moderation')).text()).not.toContain('Case 2')
  })

  it('need the handle typed to delete an account', async () => {
    const path = `/roomy/accounts/${did}/delete`
    expect((await pages.post(admin, path, { typed: 'other' })).status).toBe(400)
    expect(pages.deleted).toEqual([])
    expect((await pages.post(admin, path, { typed: handle })).status).toBe(303)
    expect(pages.deleted).toEqual([did])
  })

  it('read a file of an admin only', async () => {
    const read = async (as: string) => {
      let isRead = false
      const pull = (controller: ReadableStreamDefaultController) => {
        isRead = true
        controller.close()
      }
      const body = new ReadableStream({ pull }, { highWaterMark: 0 })
      const { status } = await pages.send(as, '/roomy/create/file', {
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
        body,
        duplex: 'half',
      })
      return [status, isRead]
    }
    expect(await read(nonAdmin)).toEqual([404, false])
    expect(await read(admin)).toEqual([403, true])
  })

  it('show a new key once', async () => {
    const fields = { name: 'backend', 'scope.accounts:read': 'yes' }
    const made = await (await pages.post(owner, '/roomy/keys/create', fields)).text()
    const [key = ''] = /hw_roomy_[\w-]{43}/.exec(made) ?? []
    expect(key).not.toBe('')
    const keys = await listKeys(pages.tenants.get('roomy')!)
    expect(keys.find(({ name }) => name === 'backend')?.scopes).toEqual(['accounts:read'])
    expect(await (await pages.get(owner, '/roomy/keys')).text()).not.toContain(key)
  })

  it('refuse an admin what only owners may do', async () => {
    const before = await listKeys(pages.tenants.get('roomy')!)
    const fields = { name: 'more', 'scope.export': 'yes' }
    expect((await pages.post(admin, '/roomy/keys/create', fields)).status).toBe(403)
    expect(await listKeys(pages.tenants.get('roomy')!)).toEqual(before)
  })

  it('add a domain, and say which record proves it', async () => {
    await pages.post(admin, '/roomy/domains/add', { domain: 'people.example.org', labelMin: '1' })
    const text = await (await pages.get(admin, '/roomy/domains')).text()
    expect(text).toContain('_headwater-challenge.people.example.org')
    const verify = await pages.post(admin, '/roomy/domains/verify', {
      domain: 'people.example.org',
    })
    expect(verify.status).toBe(400)
    const domains = await listTenantDomains(pages.directory, { tenant: 'roomy' })
    expect(domains.find(({ domain }) => domain === 'people.example.org')?.verifiedAt).toBeNull()
  })
})

describe('the console is in the language of the browser', () => {
  const inGerman = { 'accept-language': 'de' }
  const english =
    /\b(the|your|not|yet|by|Account|Accounts|Case|Cases|Reports?|Reporters?|Reason|State|Note|History|Time|Any|Other|Closed)\b/g

  it('and no page has an English text left', async () => {
    const shown = async (path: string) => {
      const page = await pages.get(owner, `/roomy${path}`, inGerman)
      const text = await page.text()
      expect([path, page.status, text.includes('<html lang="de">')]).toEqual([path, 200, true])
      // `the tests` is the name of this server.
      return text.replaceAll(/<(style|script)[\s\S]*?<\/\1>|the tests/g, '')
    }
    // Those below have nothing to show here: an endpoint and a job.
    const paths = tenantArea({} as never).pages.map(({ path }) => path)
    const withoutData = ['/webhooks/:id', '/create/jobs/:id']
    for (const path of paths.filter((one) => !withoutData.includes(one))) {
      const text = await shown(path.replace(':did', did).replace(':id', '1'))
      expect([path, ...(text.match(english) ?? [])]).toEqual([path])
    }
  })

  it('with the notes that its own forms leave, which are stored in English', async () => {
    await pages.post(admin, '/roomy/moderation/1/suspend')
    const page = await pages.get(admin, '/roomy/moderation/1', inGerman)
    expect(await page.text()).toContain('Das Konto wurde gesperrt.')
  })

  it('with the names of fields as they are typed', async () => {
    const page = await pages.get(owner, '/roomy/branding', { 'accept-language': 'ja' })
    expect(await page.text()).toContain('{random} を含めてください。例：user-{random}')
  })
})

it('accounts say whether relays pass on what they write', async () => {
  const url = 'https://relay.example'
  const shown = async () => (await pages.get(admin, '/roomy')).text()
  expect(await shown()).not.toContain('Relays')
  pages.relays.push(url)
  expect(await shown()).toContain('Not checked yet')
  for (const [status, text] of [
    ['active', 'Visible'],
    ['throttled', 'Not visible: throttled'],
  ] as const) {
    await recordRelay(pages.directory, { ...relayAnswer, url, urls: [url] })
    await recordRelayAccounts(pages.directory, { url, accounts: [{ did, status }] })
    expect(await shown()).toContain(text)
  }
  expect(await (await pages.get(admin, `/roomy/accounts/${did}`)).text()).toContain('throttled')
})
