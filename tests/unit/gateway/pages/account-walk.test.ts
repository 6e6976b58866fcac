/** A walk through the account area, over the actions of a real account. */
import { Readable } from 'node:stream'
import { expect, it } from 'vitest'
import { setPassword } from '#src/account/sessions/passwords.ts'
import { createSession } from '#src/account/sessions/sessions.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { remoteOf } from '#tests/support/account-pages.ts'
import { openTestAccount, testDid } from '#tests/support/open-account.ts'
import { openPages } from '#tests/support/open-pages.ts'

async function openBrowser() {
  const clock = { now: () => Date.now() }
  const account = await openTestAccount({ clock })
  const password = 'correct horse battery'
  await setPassword(account, { password })
  const found = { did: testDid, handle: 'alice.test', status: 'active' }
  const directory = {
    accounts: { find: async () => found, getInfos: async () => [] },
    memberships: { list: async () => ({ groups: [] }) },
    invites: { getForAccount: async () => ({ codes: [] }) },
  }
  const dispatch = { account: () => remoteOf(account), directory } as unknown as Dispatch
  const { gateway } = openPages({ directory }, undefined, { server: { dispatch } as never })
  const cookies = new Map<string, string>()
  let csrf = ''

  async function send(path: string, init: RequestInit = {}) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const headers = { ...(init.headers as object), accept: 'text/html', cookie }
    const body = Readable.from([Buffer.from(String(init.body ?? ''))])
    const incoming = Object.assign(body, { url: path, socket: {}, headers })
    const response = await gateway.app.request(path, { ...init, headers }, { incoming })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const html = await response.text()
    csrf = /name="csrf" value="([^"]+)"/.exec(html)?.[1] ?? csrf
    return { status: response.status, html, location: response.headers.get('location') }
  }
  const submit = (path: string, fields: Record<string, string> = {}) =>
    send(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ csrf, ...fields }).toString(),
    })
  return { account, password, open: send, submit }
}

it('an owner signs in, sees every section, changes the profile, ends a session, pauses and ends everything', async () => {
  const { account, password, open, submit } = await openBrowser()
  const { html } = await open('/account/profile')
  const signIn = '/account/sign-in?next=%2Faccount%2Fprofile'
  expect(html).toContain(`action="${signIn}"`)
  const signedIn = await submit(signIn, { do: 'sign-in', identifier: 'alice', password })
  expect([signedIn.status, signedIn.location]).toEqual([303, '/account/profile'])
  for (const path of [
    '',
    '/profile',
    '/security',
    '/apps',
    '/app-passwords',
    '/email',
    '/handle',
    '/invites',
    '/groups',
    '/data',
    '/data/records',
    '/data/record',
    '/data/files',
    '/data/export',
    '/data/activity',
    '/history',
    '/history/restore?at=2026-01-01T00:00:00Z',
    '/history/settings',
    '/delete',
  ]) {
    const page = await open(`/account${path}`)
    expect([path, page.status, page.html.includes('aria-current="page"')]).toEqual([
      path,
      200,
      true,
    ])
  }

  const saved = await submit('/account/profile/save', { displayName: 'Alice <3' })
  expect(saved.location).toBe('/account/profile?done')
  expect((await open('/account')).html).toContain('<h2>Alice &lt;3</h2>')

  await open('/account/app-passwords')
  const fields = { name: '<i>bot</i>', privileged: 'yes' }
  const made = await submit('/account/app-passwords/create', fields)
  expect(made.html).toMatch(/<div>[a-z2-7]{4}(-[a-z2-7]{4}){3}<\/div>/)
  const again = await submit('/account/app-passwords/create', fields)
  expect(again.html).toContain('An app password with this name already exists.')
  expect(again.html).toMatch(/id="name"[^>]* aria-invalid="true"[^>]* autofocus/)
  expect((await open('/account/app-passwords')).html).toContain('&lt;i&gt;bot&lt;/i&gt;')
  await submit('/account/app-passwords/remove', { name: fields.name })
  expect((await open('/account/app-passwords')).html).not.toContain('bot&lt;')

  await createSession(account, { password })
  const apps = await open('/account/apps')
  const [, id = ''] =
    /end-session"><input[^>]*><input type="hidden" name="id" value="([^"]+)"/.exec(apps.html) ?? []
  await submit('/account/apps/end-session', { id })
  expect((await open('/account/apps')).html).toContain('No app has signed in with a password.')

  await submit('/account/delete/pause')
  expect((await open('/account')).html).toContain('Your account is paused')
  const ended = await submit('/account/apps/end-all')
  expect(ended.location).toBe('/account')
  expect((await open('/account')).html).toContain('name="identifier"')
})
