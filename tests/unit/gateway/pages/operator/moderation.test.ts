/** The moderation queue of the console: its filters, the page of a case, and what is done from there. */
import { describe, expect, it } from 'vitest'
import { getCase, listCaseEntries } from '#src/directory/directory.ts'
import {
  anna,
  bob,
  cookiesOf,
  open,
  openConsole,
  submit,
  type TestConsole,
} from '#tests/support/console-gateway.ts'

const post = `at://${bob}/app.bsky.feed.post/3k`
const file = 'bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity'
const page = async (console: TestConsole, path: string) => (await open(console, path)).text()
const spam = 'com.atproto.moderation.defs#reasonSpam'

const entriesOf = async ({ directory }: TestConsole, id: number) =>
  (await listCaseEntries(directory, { id, limit: 99 })).entries

describe('the queue', () => {
  it('lists what is not closed, and its filters are in the URL', async () => {
    const console = await openConsole()
    expect(await page(console, '/moderation')).toContain('Case 1')
    expect(await page(console, '/moderation?reason=spam&sort=reports')).toContain('Case 1')
    for (const query of ['reason=violence', 'state=closed', 'tenant=roomy', 'state=escalated']) {
      expect(await page(console, `/moderation?${query}`), query).toContain('No cases match')
    }
    await submit(console, '/moderation/cases/1/close', { decision: 'no-violation' })
    expect(await page(console, '/moderation')).toContain('No cases match')
    expect(await page(console, '/moderation?state=all')).toContain('Closed: no violation')
  })

  it('the operator reports an account, a record and a file, which are cases with their own pages', async () => {
    const console = await openConsole()
    const report = (subject: string) =>
      submit(console, '/moderation', { subject, reasonType: spam, text: 'seen it' })
    const made = [await report('@bob.test'), await report(post), await report(`${bob} ${file}`)]
    expect(made.map(({ headers }) => headers.get('location'))).toEqual([
      '/admin/moderation/cases/1?done=saved',
      '/admin/moderation/cases/2?done=saved',
      '/admin/moderation/cases/3?done=saved',
    ])
    expect(await page(console, '/moderation/cases/2')).toContain(post)
    const queue = await page(console, '/moderation')
    const image = `/admin/moderation/images/${encodeURIComponent(bob)}/${file}`
    expect(queue).toContain(
      `<label class="blurred"><input type="checkbox" aria-label="Show the file of case 3"><img src="${image}"`,
    )
    const unknown = await report('nobody.test')
    expect([unknown.status, await unknown.text()]).toEqual([
      400,
      expect.stringContaining('role="alert"'),
    ])
  })

  it('the number of open cases is on the overview', async () => {
    const console = await openConsole()
    const figure = /Open cases<\/dt><dd><a href="\/admin\/moderation">(\d+)<\/a>/
    expect(figure.exec(await page(console, ''))?.[1]).toBe('1')
    await submit(console, '/moderation/cases/1/close', { decision: 'other' })
    expect(figure.exec(await page(console, ''))?.[1]).toBe('0')
  })
})

describe('a case', () => {
  it('shows its reports, and what an operator has noted, escalated and decided, with who it was', async () => {
    const console = await openConsole()
    const cookie = cookiesOf({ did: anna })
    const path = '/moderation/cases/1'
    for (const [name, fields] of [
      ['note', { text: 'known seller' }],
      ['escalate', { text: 'law?' }],
      ['close', { text: 'done', decision: 'suspension' }],
    ] as const) {
      const response = await submit(console, `${path}/${name}`, fields, { cookie })
      expect([name, response.status]).toEqual([name, 303])
    }
    const text = await page(console, path)
    for (const shown of ['Bob sells watches', 'known seller', 'law?', 'Closed: suspended']) {
      expect(text).toContain(shown)
    }
    expect((await entriesOf(console, 1)).map(({ kind, by }) => [kind, by])).toEqual([
      ['closed', anna],
      ['escalated', anna],
      ['note', anna],
      ['report', anna],
    ])
    expect(await page(console, `${path}?kind=report`)).not.toContain('known seller')
    expect((await submit(console, `${path}/note`, { text: ' ' })).status).toBe(400)
    expect((await submit(console, `${path}/reopen`, {})).status).toBe(303)
    expect(await getCase(console.directory, { id: 1 })).toMatchObject({ state: 'open' })
  })

  it('takes down its account, record or file and restores them, with its number in the audit log', async () => {
    const console = await openConsole()
    await submit(console, '/moderation', { subject: post, reasonType: spam })
    await submit(console, '/moderation', { subject: `${bob} ${file}`, reasonType: spam })
    const act = async (path: string, target?: string, reason?: string) => {
      const fields = { ...(target && { target }), ...(reason && { reason }) }
      const response = await submit(console, `/moderation/cases/${path}`, fields)
      expect([path, response.status]).toEqual([path, 303])
    }
    await act('1/takedown', bob, 'spam')
    await act('1/lift-takedown', bob)
    await act('2/takedown', post)
    await act('2/lift-takedown', post)
    await act('3/takedown', `${bob}/${file}`)
    await act('1/suspend')
    await act('1/lift-suspension')
    const path = { collection: 'app.bsky.feed.post', rkey: '3k' }
    expect(console.changes).toEqual([
      ['state', { takedownRef: 'case 1: spam' }],
      ['state', { takedownRef: null }],
      ['record takedown', { ...path, ref: 'case 2' }],
      ['record takedown', { ...path, ref: null }],
      ['blob takedown', { cid: file, ref: 'case 3' }],
      ['state', { suspended: true }],
      ['state', { suspended: false }],
    ])
    const rows = await console.directory.sql.all<{ detail: string }>(
      "SELECT detail FROM operator_audit WHERE action <> 'report' ORDER BY n",
    )
    expect(rows.map(({ detail }) => /case[ ":]+\d/.exec(detail)?.[0]?.at(-1))).toEqual([
      ...['1', '1', '2', '2', '3', '1', '1'],
    ])
    expect((await entriesOf(console, 1)).map(({ what }) => what)).toEqual([
      ...['suspension lifted', 'suspension', 'takedown lifted', 'takedown', spam],
    ])
  })

  it('changes nothing that it is not about', async () => {
    const console = await openConsole()
    for (const target of [anna, `at://${bob}/a.b.c/other`, `${anna}/${file}`, '']) {
      const response = await submit(console, '/moderation/cases/1/takedown', { target })
      expect([target, response.status]).toEqual([target, 400])
    }
    expect(console.changes).toEqual([])
    expect((await submit(console, '/moderation/cases/9/note', { text: 'x' })).status).toBe(404)
  })
})

describe('images of cases', () => {
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=',
    'base64',
  )
  const path = `/moderation/images/${encodeURIComponent(bob)}/${file}`

  it.each([
    ['image/png', png, 200],
    [
      'what is no image by its bytes',
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
      404,
    ],
  ] as const)('%s', async (_, bytes, status) => {
    const console = await openConsole()
    const blob = {
      size: bytes.length,
      bytes: (async function* () {
        yield bytes
      })(),
      close: async () => {},
    }
    console.server.blobs.open = async () => blob as never
    const response = await open(console, path)
    expect(response.status).toBe(status)
    if (status !== 200) return
    expect(response.headers.get('content-type')).toBe('image/png')
    expect(response.headers.get('content-security-policy')).toBe("default-src 'none'; sandbox")
    expect(response.headers.get('cache-control')).toContain('no-store')
    const refused = await open(console, path, cookiesOf({ did: bob }))
    expect(await refused.text()).toContain('action="/admin/sign-in"')
  })

  it('names that are no DID and CID open no file', async () => {
    const console = await openConsole()
    let opened = 0
    console.server.blobs.open = async () => void opened++ as never
    for (const name of [`..%2F..%2Fx/${file}`, `${bob}/..%2Fkeys`]) {
      expect((await open(console, `/moderation/images/${name}`)).status).toBe(404)
    }
    expect(opened).toBe(0)
  })
})
