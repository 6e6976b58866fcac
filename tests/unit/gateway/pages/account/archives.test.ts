/** The section on archives: what an owner sets up and sees. */
import { beforeEach, describe, expect, it } from 'vitest'
import { listSecurityEvents } from '#src/account/security-events.ts'
import { invalidRequest } from '#src/errors.ts'
import type { OwnBucketView } from '#src/gateway/archives/open-own-archives.ts'
import type { BucketInput } from '#src/gateway/archives/save-bucket.ts'
import { type AccountBrowser, openAccountPages } from '#tests/support/account-pages.ts'
import { type OpenAccount, openTestAccount, testDid } from '#tests/support/open-account.ts'

const now = Date.parse('2026-12-01T12:00:00Z')
const typed = { bucket: 'mine', prefix: 'social', keyId: 'key-1', secret: 'very secret' }
const view: OwnBucketView = {
  location: { bucket: 'mine', prefix: 'social/', accessKeyId: 'key-1' },
  ...{ setAt: now, rev: '3k', stateSeq: null, name: 'one', archivedAt: now - 3_600_000 },
  ...{ bytes: 2_000_000, error: null, failedAt: null, failures: 0 },
  ...{ nextAt: now + 82_800_000, isRunning: false },
}

let account: OpenAccount
let browser: AccountBrowser
let bucket: OwnBucketView | undefined
let refusal: Error | undefined
let saved: BucketInput[]
let archived: string[]
let stored: number | undefined

beforeEach(async () => {
  ;[bucket, refusal, stored] = [undefined, undefined, undefined]
  ;[saved, archived] = [[], []]
  account = await openTestAccount({ clock: { now: () => now } })
  const own = {
    find: async () => bucket,
    save: async (_: string, input: BucketInput) => {
      if (refusal !== undefined) throw refusal
      saved.push(input)
      bucket = view
    },
    remove: async () => {
      bucket = undefined
    },
    archive: async (did: string) => {
      archived.push(did)
      return new Promise<never>(() => {})
    },
    storedBytes: () => stored,
  }
  const pages = openAccountPages({ [testDid]: account }, { archives: { own } })
  browser = await pages.signIn(testDid)
})

describe('/account/archives', () => {
  it('sets a bucket up, which the security log shows', async () => {
    expect((await browser.open('/account/archives')).html).toContain('Set up a bucket')
    const { html } = await browser.submit('/account/archives/save', typed)
    expect(html).toContain('The bucket works.')
    expect(html).toContain('s3://mine/social/')
    expect(saved).toEqual([
      { bucket: 'mine', prefix: 'social', accessKeyId: 'key-1', secretAccessKey: 'very secret' },
    ])
    const { events } = await listSecurityEvents(account)
    expect(events[0]).toMatchObject({ kind: 'archive bucket changed', detail: 's3 mine/social' })
  })

  it('keeps what was typed if it does not work, but for the secret', async () => {
    refusal = invalidRequest('The bucket cannot be used: AccessDenied <b>', 'BucketFailed')
    const { html, status } = await browser.submit('/account/archives/save', typed)
    expect(status).toBe(400)
    expect(html).toContain('The bucket cannot be used: AccessDenied &lt;b&gt;')
    expect(html).toContain('value="key-1"')
    expect(html).not.toContain('very secret')
  })

  it('leaves the saved secret as it is if none is typed', async () => {
    bucket = view
    await browser.submit('/account/archives/save', { ...typed, secret: '' })
    expect(saved[0]).not.toHaveProperty('secretAccessKey')
  })

  it('archives now, and the page does not wait for it', async () => {
    bucket = view
    const { html } = await browser.submit('/account/archives/create')
    expect(html).toContain('The archive is being made.')
    expect(archived).toEqual([testDid])
    stored = 5_000_000
    const { html: running } = await browser.open('/account/archives')
    expect(running).toContain('5 MB copied so far')
    expect(running).not.toContain('Archive now')
    await browser.submit('/account/archives/create')
    expect(archived).toEqual([testDid])
  })

  it('says why it fails, and that it is paused', async () => {
    const failure = { error: 'AccessDenied', failedAt: now - 86_400_000, failures: 7 }
    bucket = { ...view, ...failure, nextAt: null }
    const { html } = await browser.open('/account/archives')
    expect(html).toContain('AccessDenied')
    expect(html).toContain('there will be no more')
  })

  it('removes the bucket, so that nothing is archived any more', async () => {
    bucket = view
    expect((await browser.submit('/account/archives/stop')).html).toContain('no longer archived')
    expect(bucket).toBeUndefined()
  })
})
