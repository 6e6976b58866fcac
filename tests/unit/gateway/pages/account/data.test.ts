/** "My data" over real accounts: what owners see and do, and that nobody else does. */
import { beforeEach, describe, expect, it } from 'vitest'
import { addUpload } from '#src/account/blobs/upload.ts'
import { getRecord } from '#src/account/repo/read.ts'
import { createRecord, putRecord } from '#src/account/repo/write.ts'
import { endPageSession } from '#src/account/sessions/page-sessions.ts'
import type { NewRows } from '#src/gateway/pages/live/fragments.ts'
import type { LivePage } from '#src/gateway/pages/live/page-streams.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { type AccountBrowser, openAccountPages } from '#tests/support/account-pages.ts'
import { memoryBlobStorage } from '#tests/support/memory-blobs.ts'
import { type OpenAccount, openTestAccount, testDid, testKey } from '#tests/support/open-account.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'

const alice = testDid
const eve = 'did:plc:eve'
const post = 'app.bsky.feed.post'
const createdAt = '2026-11-20T10:00:00.000Z'

let account: OpenAccount
let pages: ReturnType<typeof openAccountPages>
let browser: AccountBrowser

beforeEach(async () => {
  const blobs = memoryBlobStorage()
  const clock = { now: () => Date.now() }
  account = await openTestAccount({ clock, blobs: { storage: blobs, quotaBytes: 4_000 } })
  const other = { ...(await openTestAccount({ clock })), did: eve }
  pages = openAccountPages({ [alice]: account, [eve]: other }, { blobs })
  browser = await pages.signIn(alice)
})

async function write(record: object, collection = post) {
  const value = { $type: collection, createdAt, ...record }
  const { uri, cid } = await createRecord(account, { collection, record: value })
  const rkey = uri.split('/').at(-1)!
  const href = `/account/data/record?${new URLSearchParams({ collection, rkey })}`
  const action = href.replace('record?', 'record/delete?')
  return { uri, cid, rkey, href, action }
}

async function upload(text: string, mimeType: string) {
  const bytes = Buffer.from(text)
  const source = (async function* () {
    yield bytes
  })()
  const key = await account.blobs.storage.putTemp(alice, source)
  const cid = cidForRaw(bytes)
  await addUpload(account, { cid, mimeType, size: bytes.length, key })
  return { $type: 'blob', ref: { $link: cid }, mimeType, size: bytes.length }
}

const html = async (path: string) => (await browser.open(path)).html

describe('records', () => {
  it('collections are shown with counts, and lead to their records, newest first', async () => {
    for (let i = 0; i < 30; i++) await write({ text: `post <${i}>` })
    await write({ subject: { uri: `at://${eve}/${post}/1`, cid: 'x' } }, 'com.example.like')
    const first = await html('/account/data')
    expect(first).toMatch(/collection=app\.bsky\.feed\.post">.*?<td data-label="Records">30</s)
    const list = await html(`/account/data/records?collection=${post}`)
    expect(list.indexOf('post &lt;29&gt;')).toBeGreaterThan(0)
    expect(list.indexOf('post &lt;29&gt;')).toBeLessThan(list.indexOf('post &lt;28&gt;'))
    const [, next = ''] = /rel="next" href="([^"]*)"/.exec(list) ?? []
    const rest = await html(next.replaceAll('&amp;', '&'))
    expect(rest).toContain('post &lt;0&gt;')
    expect(rest).not.toContain('rel="next"')
  })

  it('records are found by their key, their collection and their AT URI', async () => {
    const { rkey, uri, href } = await write({ text: 'hello' })
    const link = href.replaceAll('&', '&amp;')
    for (const q of [rkey, rkey.slice(3, 10), 'feed.post', uri]) {
      expect(await html(`/account/data/records?${new URLSearchParams({ q })}`)).toContain(link)
    }
    const none = await html('/account/data/records?q=%3Cb%3E')
    expect(none).toContain('No record key or collection contains “&lt;b&gt;”.')
  })

  it('a record is shown with its text, its address, its JSON with links, and its files', async () => {
    const other = await write({ text: 'earlier' })
    const image = await upload('picture', 'image/png')
    const { uri, cid, href } = await write({
      text: 'hello <script>',
      reply: {
        parent: { uri: other.uri, cid: other.cid },
        root: { uri: other.uri, cid: other.cid },
      },
      embed: { $type: 'app.bsky.embed.images', images: [{ image, alt: '' }] },
    })
    const page = await html(href)
    expect(page).toContain('<span class="prose">hello &lt;script&gt;</span>')
    for (const value of [uri, cid]) expect(page).toContain(`data-copied="Copied">${value}</code>`)
    expect(page).toContain(`<a href="${other.href.replaceAll('&', '&amp;')}">${other.uri}</a>`)
    expect(page).toContain(`<img class="preview" src="/xrpc/com.atproto.sync.getBlob?did=`)
    expect(page).toMatch(/&quot;\$link&quot;: "<a href="\/xrpc\/com\.atproto\.sync\.getBlob/)
  })

  it('a long record is cut, and the page stays small', async () => {
    const { href } = await write(
      { list: Array.from({ length: 4_000 }, (_, i) => `"${i}"`) },
      'a.b.c',
    )
    const page = await html(href)
    expect(page).toContain('This record is long.')
    expect(page.length).toBeLessThan(60 * 1024)
  })

  it('a record that does not exist is said not to', async () => {
    expect(await html(`/account/data/record?collection=${post}&rkey=none`)).toContain(
      'There is no such record.',
    )
  })

  it('a record is deleted if its key is typed, and not if it has changed since', async () => {
    const { rkey, cid, href, action } = await write({ text: 'one' })
    await html(href)
    expect((await browser.submit(action, { cid, typed: 'other' })).html).toContain(
      'The text does not match.',
    )
    await putRecord(account, {
      collection: post,
      rkey,
      record: { $type: post, text: '2', createdAt },
    })
    const refused = await browser.submit(action, { cid, typed: rkey })
    expect([refused.status, refused.html.includes('has been changed since')]).toEqual([400, true])
    const now = JSON.parse((await getRecord(account, { collection: post, rkey })).json) as {
      cid: string
    }
    const done = await browser.submit(action, { cid: now.cid, typed: rkey })
    expect(done).toMatchObject({
      status: 303,
      location: `/account/data/records?collection=${post}&done=`,
    })
    expect(await html(done.location!)).toContain('The record is deleted.')
    await expect(getRecord(account, { collection: post, rkey })).rejects.toMatchObject({
      error: 'RecordNotFound',
    })
  })
})

describe('files', () => {
  it('files are shown with previews and their records, and storage with the quota', async () => {
    const image = await upload('a picture', 'image/png')
    const text = await upload('words', 'text/plain')
    const { href } = await write({ image, text }, 'com.example.thing')
    await upload('unused', 'image/gif')
    const page = await html('/account/data/files')
    expect(page.match(/<img src="\/xrpc\/com\.atproto\.sync\.getBlob/g)).toHaveLength(1)
    expect(page).toContain(href.replaceAll('&', '&amp;'))
    expect(page).toContain('Not used by a record.')
    const storage = await html('/account/data')
    expect(storage).toMatch(/20 bytes of 4 kB used.*<progress value="20" max="4000"/s)
    expect(await html('/account')).toContain('<a href="/account/data">20 bytes</a>')
  })
})

describe('exports', () => {
  it('the CAR and the archive are attachments; the CAR is the signed repo', async () => {
    await write({ text: 'hello' })
    const car = await browser.send('/account/data/export/repo.car')
    expect(car.headers.get('content-disposition')).toMatch(
      /^attachment; filename="alice\.test-[\d-]{10}\.car"$/,
    )
    const bytes = new Uint8Array(await car.arrayBuffer())
    const { records } = await verifiedRepo(bytes, { did: alice, key: testKey.did() })
    expect(records.size).toBe(1)
    const zip = await browser.send('/account/data/export/archive.zip')
    expect(zip.headers.get('content-type')).toBe('application/zip')
    expect(
      Buffer.from(await zip.arrayBuffer())
        .subarray(0, 4)
        .toString(),
    ).toBe('PK\x03\x04')
  })

  it('a second export of the account waits for the end of the first', async () => {
    const first = await browser.send('/account/data/export/archive.zip')
    expect(first.status).toBe(200)
    const second = await browser.send('/account/data/export/repo.car')
    expect(second.status).toBe(429)
    expect(await second.text()).toContain('A download of your data is already in progress.')
    await first.body!.cancel()
    const third = await browser.send('/account/data/export/repo.car')
    expect(third.status).toBe(200)
    await third.arrayBuffer()
  })

  it('HEAD begins no export, and another site cannot begin one', async () => {
    const path = '/account/data/export/archive.zip'
    expect((await browser.send(path, { method: 'HEAD' })).status).toBe(200)
    const foreign = await browser.send(path, { headers: { 'sec-fetch-site': 'cross-site' } })
    expect(foreign.status).toBe(403)
    expect(account.snapshots.hasOpen).toBe(false)
  })
})

describe('activity', () => {
  it('sign-ins and changes are listed newest first, with filters and pages', async () => {
    for (let i = 0; i < 45; i++) await write({ text: String(i) })
    const last = await write({ text: 'last' })
    const page = await html('/account/data/activity')
    expect(page.indexOf(last.rkey)).toBeGreaterThan(0)
    expect(page).not.toContain('Signed in<')
    const [, next = ''] = /rel="next" href="([^"]*)"/.exec(page) ?? []
    expect(await html(next.replaceAll('&amp;', '&'))).toContain('Signed in')
    const security = await html('/account/data/activity?show=security')
    expect(security).toContain('Signed in')
    expect(security).not.toContain(last.rkey)
  })
})

describe('live activity', () => {
  it('the first page follows the events of the account, and ends with its session', async () => {
    const opened: LivePage[] = []
    const live = {
      position: 7,
      open: async (_: unknown, page: LivePage) => {
        opened.push(page)
        return new Response(null)
      },
    }
    pages = openAccountPages({ [alice]: account }, { live: live as never })
    browser = await pages.signIn(alice)
    const page = await html('/account/data/activity?show=changes')
    expect(page).toContain('data-live="/account/data/activity/live?show=changes" data-after="7"')
    const earlier = await html('/account/data/activity?before=2026-11-20T10:00:00.000Z')
    expect(earlier).not.toContain('data-live=')
    await browser.send('/account/data/activity/live?show=changes')
    const [stream] = opened
    expect(stream!.source).toMatchObject({
      ...{ credential: { kind: 'session', did: alice }, request: { dids: [alice] } },
    })
    const { rkey } = await write({ text: 'new' })
    const [fragment] = await stream!.render()
    const { list, rows } = fragment as NewRows
    expect(list).toBe('activity')
    expect(String(await rows[0]!.html)).toContain(rkey)
    await endPageSession(account, { token: stream!.pageToken.token })
    await expect(stream!.render()).rejects.toMatchObject({ status: 401 })
  })
})

describe('isolation', () => {
  const paths = ['', '/records?q=post', '/files', '/export', '/activity']

  it("another account's session sees only its own, and cannot delete a record", async () => {
    const { rkey, cid, href, action } = await write({ text: 'of alice' })
    const image = await upload('a picture', 'image/png')
    await write({ image }, 'com.example.thing')
    const foreign = await pages.signIn(eve)
    for (const path of [...paths, href.slice('/account/data'.length)]) {
      const page = await foreign.open(`/account/data${path}`)
      expect([path, page.status]).toEqual([path, 200])
      expect(page.html).not.toContain(image.ref.$link)
      expect(page.html).not.toContain('of alice')
      expect(page.html).not.toContain('com.example.thing')
    }
    await foreign.submit(action, { cid, typed: rkey })
    expect((await getRecord(account, { collection: post, rkey })).json).toContain('of alice')
  })

  it("a cookie with another account's DID, or without a session, gets the page to sign in", async () => {
    const { href } = await write({ text: 'of alice' })
    const foreign = await pages.signIn(eve)
    const [name, value] = [...foreign.cookies].find(([one]) => one.endsWith('-account'))!
    foreign.cookies.set(name, value.replace(encodeURIComponent(eve), encodeURIComponent(alice)))
    const downloads = ['/export/repo.car', '/export/archive.zip']
    const all = [...paths, ...downloads, href.slice('/account/data'.length)]
    for (const visitor of [foreign, pages.newBrowser()]) {
      for (const path of all) {
        const page = await visitor.open(`/account/data${path}`)
        expect([path, page.html.includes('name="identifier"')]).toEqual([path, true])
        expect(page.html).not.toContain('of alice')
      }
      expect((await visitor.send('/account/data/activity/live')).status).toBe(401)
    }
    expect(account.snapshots.hasOpen).toBe(false)
  })
})
