import { expect, it } from 'vitest'
import { sections } from '#src/gateway/pages/operator/console-path.ts'
import {
  anna,
  bob,
  cookiesOf,
  open,
  openConsole,
  submit,
  type TestConsole,
} from '#tests/support/console-gateway.ts'
import { adminPassword } from '#tests/support/gateway.ts'

const pages = [
  ...sections.map(([path]) => path),
  ...[`/accounts/${bob}`, '/tenants/roomy', '/nothing', '?range=24h'],
  ...[
    '/moderation?state=all&reason=spam&sort=reports',
    '/moderation/takedowns',
    '/moderation/cases/1',
  ],
]
const signedOut = { cookie: cookiesOf('signed out') }

function auditOf({ directory }: TestConsole) {
  const sql = 'SELECT actor, action, target FROM operator_audit ORDER BY n'
  return directory.sql.all<{ actor: string; action: string; target: string | null }>(sql)
}

/** The paths of all forms, with names in place of parameters. */
function formPaths({ app }: TestConsole): string[] {
  return app.routes
    .filter(({ method, path }) => method === 'POST' && path.startsWith('/admin/'))
    .map(({ path }) => path.slice('/admin'.length).replace(':did', bob).replace(':id', 'roomy'))
    .filter((path) => !['/sign-in', '/sign-out'].includes(path))
}

it('every page of the console is the sign-in page for all but operators', async () => {
  const console = await openConsole()
  for (const who of ['signed out', { did: bob }, { did: 'did:plc:elsewhere' }] as const) {
    for (const path of pages) {
      const response = await open(console, path, cookiesOf(who))
      const text = await response.text()
      expect([path, response.status], JSON.stringify(who)).toEqual([path, 200])
      expect(text, path).toContain('action="/admin/sign-in"')
      expect(text, path).not.toContain('bob.test')
    }
  }
  expect((await open(console, '/live', cookiesOf('signed out'))).status).toBe(204)
})

it('no form of the console does anything for others, or without its token, or from another site', async () => {
  const console = await openConsole()
  const paths = formPaths(console)
  expect(paths.length).toBeGreaterThan(25)
  const fields = {
    ...{
      typed: 'bob.test',
      handle: 'x.test',
      email: 'x@example.com',
      id: 'one',
      to: 'x@a.example',
    },
    ...{
      url: 'https://a.example/',
      domain: '.a.example',
      code: 'a-b',
      subject: 'at://bob.test/a.b.c/d',
    },
  }
  for (const path of paths) {
    const refused = [
      await submit(console, path, fields, signedOut),
      await submit(console, path, fields, { cookie: cookiesOf({ did: bob }) }),
      await submit(console, path, { ...fields, csrf: 'd'.repeat(32) }),
      await submit(console, path, fields, { headers: { origin: 'https://evil.example' } }),
      await submit(console, path, fields, { headers: { 'sec-fetch-site': 'same-site' } }),
      await submit(console, path, fields, { headers: { 'content-type': 'text/plain' } }),
    ]
    const got = refused.map(({ status }) => status)
    expect([path, ...got]).toEqual([path, 401, 401, 403, 403, 403, 403])
  }
  expect([console.changes, console.sent]).toEqual([[], []])
  expect(await auditOf(console)).toEqual([])
})

it('every page of the console is shown to an operator, small and with a strict policy', async () => {
  const console = await openConsole()
  for (const path of pages) {
    const response = await open(console, path)
    const text = await response.text()
    expect([path, response.status]).toEqual([path, path === '/nothing' ? 404 : 200])
    expect(text, path).toContain('<h1>')
    const shown = text.replace(/<script.*?<\/script>/gs, '')
    for (const wrong of ['undefined', '[object', 'NaN']) expect(shown, path).not.toContain(wrong)
    expect(text.length, path).toBeLessThan(60_000)
    const policy = response.headers.get('content-security-policy')
    expect(policy).toMatch(/^default-src 'none'/)
    expect(policy).not.toContain('unsafe')
    expect(response.headers.get('cache-control')).toBe('no-store')
  }
  expect(console.errors).toEqual([])
})

it('the admin password begins a session, and a wrong one does not', async () => {
  const console = await openConsole()
  const wrong = await submit(console, '/sign-in', { password: 'guess' }, signedOut)
  expect([wrong.status, wrong.headers.getSetCookie()]).toEqual([401, []])
  expect(await wrong.text()).toContain('The password is wrong.')
  const right = await submit(console, '/sign-in', { password: adminPassword }, signedOut)
  expect([right.status, right.headers.get('location')]).toEqual([303, '/admin'])
  const [cookie = ''] = right.headers.getSetCookie()
  expect(cookie).toMatch(/^operator=.*; Max-Age=28800; Path=\/; HttpOnly; SameSite=Strict$/)
  const session = `${signedOut.cookie}; ${cookie.split(';')[0]}`
  expect(await (await open(console, '', session)).text()).toContain('<h1>Overview</h1>')
  const out = await submit(console, '/sign-out', {}, { cookie: session })
  expect(out.headers.getSetCookie()[0]).toMatch(/^operator=; Max-Age=0/)
  // The cookie that somebody may have copied has ended, too.
  expect(await (await open(console, '', session)).text()).toContain('action="/admin/sign-in"')
  const change = await submit(console, `/accounts/${bob}/suspend`, {}, { cookie: session })
  expect(change.status).toBe(401)
  const signIn = { actor: 'admin password', action: 'sign in', target: null }
  expect(await auditOf(console)).toEqual([signIn])
})

it('an operator signs in as themselves with a second factor only, and is named in the audit log', async () => {
  const cookie = cookiesOf({ did: anna })
  const without = await openConsole({ secondStep: false })
  const text = await (await open(without, '/accounts', cookie)).text()
  expect(text).toContain('anna.test, but without a second factor')
  expect(text).not.toContain('bob.test')
  const ended = await openConsole({ signedOut: true })
  expect(await (await open(ended, '/accounts', cookie)).text()).toContain('action="/admin/sign-in"')

  const console = await openConsole()
  expect(await (await open(console, '/accounts', cookie)).text()).toContain('bob.test')
  const response = await submit(console, `/accounts/${bob}/suspend`, {}, { cookie })
  expect(response.headers.get('location')).toBe(`/admin/accounts/${bob}?done=suspended`)
  expect(await auditOf(console)).toEqual([{ actor: anna, action: 'suspend', target: bob }])
  expect(await (await open(console, '/audit', cookie)).text()).toContain(anna)
})

it('what is done to an account is done by the methods of the admin, after a row in the audit log', async () => {
  const console = await openConsole()
  const done: [path: string, fields?: Record<string, string>][] = [
    ['takedown', { reason: 'spam' }],
    ['lift-takedown'],
    ['suspend'],
    ['lift-suspension'],
    ['deactivate'],
    ['announce'],
    ['email', { email: 'new@example.com' }],
    ['disable-invites'],
    ['remove-factors', { typed: 'bob.test' }],
  ]
  for (const [path, fields = {}] of done) {
    const response = await submit(console, `/accounts/${bob}/${path}`, fields)
    expect([path, response.status]).toEqual([path, 303])
  }
  expect(console.changes).toEqual([
    ['state', { takedownRef: 'spam' }],
    ['state', { takedownRef: null }],
    ['state', { suspended: true }],
    ['state', { suspended: false }],
    ['state', { active: false, deleteAfter: null }],
    ['announce', undefined],
    ['email', { email: 'new@example.com' }],
    ['remove factors', {}],
  ])
  const rows = await auditOf(console)
  expect(rows.map(({ target }) => target)).toEqual(done.map(() => bob))
  expect(rows[0]?.action).toBe('com.atproto.admin.updateSubjectStatus')
})

it('what cannot be undone is done only if its name is typed', async () => {
  const console = await openConsole()
  for (const [path, typed] of [
    [`/accounts/${bob}/delete`, 'bob'],
    [`/accounts/${bob}/remove-factors`, ''],
    ['/webhooks/we_1/delete', 'we_2'],
  ] as const) {
    const response = await submit(console, path, { typed })
    expect(response.status, path).toBeGreaterThanOrEqual(400)
  }
  expect(console.changes).toEqual([])
  expect(await auditOf(console)).toEqual([])
})

it('an account that is not here gets no actor, and a page that says so', async () => {
  const console = await openConsole()
  const response = await open(console, '/accounts/did:plc:elsewhere')
  expect([response.status, console.callers]).toEqual([404, []])
})

it('an account of did:web with a port has a page', async () => {
  const console = await openConsole()
  const did = 'did:web:home.example%3A8443'
  await console.directory.sql.batch([
    { sql: 'UPDATE account SET did = ? WHERE did = ?', params: [did, bob] },
  ])
  const list = await (await open(console, '/accounts')).text()
  const [, path] = /href="\/admin(\/accounts\/did:web[^"]*)"/.exec(list)!
  expect(await (await open(console, path!)).text()).toContain(did)
  const moved = await submit(console, `${path}/suspend`)
  expect(moved.headers.get('location')).toBe(`/admin${path}?done=suspended`)
})

it('an error of a form is said on its page, and the page stays', async () => {
  const console = await openConsole()
  const response = await submit(console, '/tenants', { id: 'NO GOOD' })
  const text = await response.text()
  expect(response.status).toBe(400)
  expect(text).toContain('role="alert"')
  expect(text).toContain('Roomy')
})

it('tenants, codes and endpoints are created, and secrets are shown once and are in no log', async () => {
  const console = await openConsole()
  const made = await submit(console, '/tenants', { id: 'garden', name: 'Garden' })
  expect(made.headers.get('location')).toBe('/admin/tenants/garden?done=created')
  const codes = await (await submit(console, '/invites', { count: '2', uses: '3' })).text()
  expect(codes.match(/localhost-\w{5}-\w{5}/g)).toHaveLength(2)

  const added = await submit(console, '/webhooks', { url: 'https://hook.example/' })
  const [secret] = /whsec_[\w+/=]+/.exec(await added.text())!
  const list = await (await open(console, '/webhooks')).text()
  const [, id] = /href="\/admin\/webhooks\/(we_\w+)"/.exec(list)!
  expect(await (await open(console, `/webhooks/${id}`)).text()).not.toContain(secret)
  expect((await submit(console, `/webhooks/${id}/disable`)).status).toBe(303)
  expect(await (await open(console, `/webhooks/${id}`)).text()).toContain('disabled')
  expect((await submit(console, `/webhooks/${id}/delete`, { typed: id! })).status).toBe(303)
  expect(JSON.stringify(await auditOf(console))).not.toContain('whsec_')
})

it('the page of the configuration shows no secret', async () => {
  const PDS_ADMIN_PASSWORD = 'a-password-that-is-secret'
  const relay = 'https://user:hidden-one@relay.example/?token=hidden-two'
  const env = { PDS_ADMIN_PASSWORD, PDS_CRAWLERS: relay }
  const console = await openConsole({ env })
  const text = await (await open(console, '/configuration?show=all')).text()
  expect(text).toContain('PDS_ADMIN_PASSWORD')
  expect(text).toContain('relay.example')
  for (const hidden of [PDS_ADMIN_PASSWORD, 'hidden-one', 'hidden-two']) {
    expect(text).not.toContain(hidden)
  }
})
