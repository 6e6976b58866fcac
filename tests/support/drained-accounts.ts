/** Three accounts that the operator invites: one moves through a crash of the server, one at once, and one never comes. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { expect } from 'vitest'
import { headwater } from '#tests/support/command-line.ts'
import { lastCode, type MailServer } from '#tests/support/mail-server.ts'
import { AccountContents, expectAccountAt } from '#tests/support/migrating-account.ts'
import { PageClient } from '#tests/support/page-client.ts'
import { adminPassword } from '#tests/support/server.ts'
import type { Places } from '#tests/support/server-pairs.ts'
import { tempFolder } from '#tests/support/temp-folder.ts'

export async function drainAccounts(
  places: Places,
  mail: MailServer,
  { oldPassword, newPassword }: { oldPassword: string; newPassword: string },
): Promise<void> {
  const { old, here, crash } = places
  const env = { HEADWATER_URL: here.url, PDS_ADMIN_PASSWORD: adminPassword }
  const lines: string[] = []
  const agents = new Map<string, AtpAgent>()
  for (const name of ['bob', 'carol', 'dave']) {
    const agent = new AtpAgent({ service: old.url })
    const names = { handle: `${name}.test`, email: `${name}@example.com` }
    await agent.createAccount({ ...names, password: oldPassword })
    agents.set(name, agent)
    lines.push(`${names.handle} ${names.email}`)
  }
  const pictures = new AccountContents()
  const count = crash === undefined ? 2 : 40
  for (let n = 0; n < count; n++) await pictures.post(agents.get('bob')!, `picture ${n}`)
  const file = join(tempFolder('drain'), 'accounts.txt')
  writeFileSync(file, lines.join('\n'))
  const fast = ['--mail', '--per-minute', '600']
  const started = await headwater(['drain', 'start', old.url, file, ...fast, '--json'], env)
  expect([started.code, started.json<object[]>().length]).toEqual([0, 3])
  // Everything is done already.
  const mailed = mail.mails.length
  await headwater(['drain', 'start', old.url, file, ...fast], env)
  expect(mail.mails.length).toBe(mailed)

  const linkOf = (name: string) => {
    const sent = mail.mails.findLast(({ to }) => to.includes(`${name}@example.com`))
    return /\/move\?account=\S+/.exec(sent!.text)![0]
  }
  const begin = async (name: string) => {
    const page = new PageClient(here.url)
    await page.open(linkOf(name))
    const chosen = { name: `${name}-here`, domain: '.test', email: '' }
    const passwords = { password: oldPassword, 'new-password': newPassword }
    await page.submit('/move', { ...chosen, ...passwords })
    return page
  }
  const authorization = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
  const stateOf = async (name: string) => {
    const answer = await fetch(`${here.url}/xrpc/dev.headwater.admin.listMoveInvites`, {
      headers: { authorization },
    })
    const { invites } = (await answer.json()) as { invites: Record<string, unknown>[] }
    return invites.find(({ handle }) => handle === `${name}.test`)!['state']
  }
  const arrive = async (name: string, page: PageClient) => {
    await expect.poll(() => stateOf(name), { timeout: 90_000 }).toBe('waiting')
    await page.open('/account/move')
    const before = mail.mails.length
    await page.submit('/account/move/send')
    await expect.poll(() => mail.mails.length).toBeGreaterThan(before)
    await page.open('/account/move')
    await page.submit('/account/move/confirm', { code: lastCode(mail, `${name}@example.com`)! })
    await expect.poll(() => stateOf(name), { timeout: 30_000 }).toBe('done')
  }

  const bob = await begin('bob')
  if (crash !== undefined) {
    await expect.poll(() => stateOf('bob'), { interval: 10 }).toBe('copying')
    await crash()
  }
  const carol = await begin('carol')
  await arrive('bob', bob)
  await arrive('carol', carol)
  const agent = new AtpAgent({ service: here.url })
  await agent.login({ identifier: 'bob@example.com', password: newPassword })
  await expectAccountAt(here, agent, 'bob-here.test', pictures)
  const { out } = await headwater(['drain', 'status', old.url, '--all'], env)
  expect(out).toMatch(/\] 2 done, 1 invited of 3\n/)
  expect(out).toMatch(/^dave\.test .* invited .*\/move\?account=/m)

  await headwater(['drain', 'cancel', old.url, 'dave.test'], env)
  const gone = await new PageClient(here.url).open(linkOf('dave'))
  expect(gone.text).toContain('This link is no longer valid.')
}
