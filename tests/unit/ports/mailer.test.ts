import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderMailer, smtpMailer } from '#src/ports/mailer.ts'
import { type MailServer, startMailServer } from '#tests/support/mail-server.ts'

const from = 'PDS <pds@example.com>'
const mail = {
  to: 'alice@example.com',
  subject: 'Hello',
  text: 'The code is ABCDE-FGHIJ.',
  html: '<p>The code is ABCDE-FGHIJ.</p>',
}

describe('smtpMailer', () => {
  let server: MailServer
  beforeAll(async () => {
    server = await startMailServer({ user: 'pds' })
  })
  afterAll(() => server.close())

  function open(url = server.url) {
    const logged: unknown[] = []
    const log = { error: (...what: unknown[]) => logged.push(what) }
    return { mailer: smtpMailer({ url, from, log: log as never }), logged }
  }

  it('smtpMailer sends an email as text and HTML', async () => {
    await open().mailer.send(mail)
    const { text, ...envelope } = server.mails.at(-1)!
    expect(envelope).toEqual({ from: 'pds@example.com', to: ['alice@example.com'] })
    expect(text).toContain('From: PDS <pds@example.com>')
    expect(text).toContain('Subject: Hello')
    expect(text).toContain('The code is ABCDE-FGHIJ.\r\n')
    expect(text).toContain('<p>The code is ABCDE-FGHIJ.</p>')
  })

  it('smtpMailer treats an address as one address, whatever it contains', async () => {
    const before = server.mails.length
    const { mailer } = open()
    await mailer.send({ ...mail, to: 'a@example.com,b@example.com' }).catch(() => {})
    const to = server.mails.slice(before).flatMap((one) => one.to)
    expect(to).not.toContain('b@example.com')
  })

  it.each([
    ['refuses the mail', async () => server.url],
    ['does not know the password', async () => server.url.replace('secret', 'guess')],
    ['is not there', async () => 'smtp://127.0.0.1:1'],
  ])('smtpMailer answers 502, and logs why, if the server %s', async (why, url) => {
    server.refuse(why === 'refuses the mail')
    const { mailer, logged } = open(await url())
    await expect(mailer.send(mail)).rejects.toMatchObject({ status: 502, error: 'UpstreamFailure' })
    server.refuse(false)
    expect(logged).toHaveLength(1)
    const words = JSON.stringify(logged)
    expect(words).toMatch(/"reason":"[^"]+/)
    for (const secret of ['ABCDE', 'secret', 'guess']) expect(words).not.toContain(secret)
  })
})

describe('folderMailer', () => {
  const parent = mkdtempSync(join(tmpdir(), 'mails-'))
  const folder = join(parent, 'mail')
  afterAll(() => rmSync(parent, { recursive: true }))
  const logged: unknown[] = []
  const log = { info: (...what: unknown[]) => logged.push(what) }
  const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }
  const mailer = folderMailer({ folder, from, clock, log: log as never })

  it('folderMailer writes an email to a file of this user, and logs only its path', async () => {
    await mailer.send(mail)
    const [name, ...others] = readdirSync(folder)
    expect(others).toEqual([])
    expect(name).toMatch(/^2026-01-02T03-04-05.000Z-[0-9a-f]{8}\.eml$/)
    const path = join(folder, name!)
    expect(readFileSync(path, 'utf8')).toContain('The code is ABCDE-FGHIJ.')
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(logged).toEqual([[{ file: path }, expect.any(String)]])
  })

  it('folderMailer deletes the oldest emails', async () => {
    for (let i = 0; i < 1005; i++) writeFileSync(join(folder, `2025-${1000 + i}.eml`), '')
    writeFileSync(join(folder, 'a note'), '')
    await mailer.send(mail)
    const names = readdirSync(folder)
    expect(names.filter((name) => name.endsWith('.eml'))).toHaveLength(1000)
    expect(names).toContain('a note')
    expect(names).not.toContain('2025-1000.eml')
    expect(names.filter((name) => name.startsWith('2026-'))).toHaveLength(2)
  })
})
