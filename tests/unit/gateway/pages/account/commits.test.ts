/** The commits of an account on its pages: the activity, and the history with what made each. */
import { beforeEach, expect, it } from 'vitest'
import { applyWrites, createRecord, putRecord } from '#src/account/repo/write.ts'
import { createAppPassword, revokeAppPassword } from '#src/account/sessions/app-passwords.ts'
import { clientOfAppPassword } from '#src/rules/commit-clients.ts'
import { appPasswordIdOf } from '#src/rules/session-tokens.ts'
import { type AccountBrowser, openAccountPages } from '#tests/support/account-pages.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const post = 'app.bsky.feed.post'
const createdAt = '2026-11-20T10:00:00.000Z'

let account: OpenAccount
let browser: AccountBrowser

beforeEach(async () => {
  account = await openTestAccount({ clock: { now: () => Date.now() } })
  browser = await openAccountPages({ [testDid]: account }).signIn(testDid)
})

const html = async (path: string) => (await browser.open(path)).html

it('of a commit with many changes a few are shown, there and in the history, and how many more', async () => {
  await applyWrites(account, {
    writes: Array.from({ length: 200 }, (_, n) => ({
      $type: 'com.atproto.repo.applyWrites#create' as const,
      ...{ collection: 'com.example.thing', rkey: `key-${n}-`, value: { text: 'hi' } },
    })),
  })
  const activity = await html('/account/data/activity')
  expect(activity).toContain('Records changed: 200')
  const history = await html('/account/history?collection=com.example.thing')
  for (const page of [activity, history]) {
    expect(new Set(page.match(/key-\d+-/g))).toEqual(new Set(['key-0-', 'key-1-', 'key-2-']))
    expect(page).toMatch(/[Aa]nd 197 more/)
  }
})

const app = 'https://app.example.com/client.json'

it('apps, app passwords and these pages are named, there and in the history', async () => {
  const record = { $type: 'com.example.thing' }
  const put = (n: number, client: string) =>
    putRecord(account, {
      ...{ collection: record.$type, rkey: 'one', client, record: { ...record, n } },
    })
  const password = 'abcd-efgh-ijkl-mnop'
  for (const name of ['Phone <1>', 'Old']) {
    const made = { name, password: password.replace('abcd', name === 'Old' ? 'bcde' : 'abcd') }
    await createAppPassword(account, { ...made, privileged: false })
  }
  await revokeAppPassword(account, { name: 'Old' })
  const passwords = ['Phone <1>', 'Old', 'never seen'].map(appPasswordIdOf)
  const clients = [app, ...passwords.map(clientOfAppPassword), 'session', 'page']
  for (const [n, client] of clients.entries()) await put(n, client)
  for (const path of ['/account/data/activity', '/account/history']) {
    const page = await html(path)
    for (const name of [
      ...['app.example.com', 'App password “Phone &lt;1&gt;”', 'App password “Old”'],
      ...['Removed app password', 'Your password', 'This website'],
    ]) {
      expect(page).toContain(name)
    }
  }
})

it('what an app changed is found, and undone with one form', async () => {
  const byHand = { $type: post, text: 'by hand', createdAt }
  await createRecord(account, { collection: post, record: byHand })
  const record = { $type: post, text: 'spam', createdAt }
  await createRecord(account, { collection: post, record, client: app })
  const found = await html(`/account/history?${new URLSearchParams({ actor: app })}`)
  expect(found).toContain('>spam<')
  expect(found).not.toContain('>by hand<')
  const [, link = ''] =
    /href="([^"]+)">Undo changes since then \(app\.example\.com\)/.exec(found) ?? []
  const plan = await html(link.replaceAll('&amp;', '&'))
  expect(plan).toContain('Undo changes (app.example.com)')
  expect(plan).toMatch(/Are deleted<\/dt><dd>1</)
  const [, at = ''] = /name="at" value="([^"]+)"/.exec(plan) ?? []
  await browser.submit('/account/history/restore/start', { at, actor: app })
  await account.background.settled()
  const records = await html(`/account/data/records?collection=${post}`)
  expect(records).toContain('by hand')
  expect(records).not.toContain('spam')
})
