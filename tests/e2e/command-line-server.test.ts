import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headwater, type Outcome, startHeadwater } from '#tests/support/command-line.ts'
import { navigation, PageClient } from '#tests/support/page-client.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'

const serverEnv: Record<string, string> = {
  PDS_INVITE_REQUIRED: 'false',
  PDS_KEY_ENCRYPTION_KEY_HEX: 'ab'.repeat(32),
}

let server: TestServer
let alice: TestAccount
let folder: string
beforeAll(async () => {
  server = await startServer({ env: serverEnv })
  alice = await createTestAccount(server, 'alice')
  folder = mkdtempSync(join(tmpdir(), 'headwater-cli-'))
})
afterAll(async () => {
  await server?.remove()
  if (folder) rmSync(folder, { recursive: true, force: true })
})

const env = () => ({ HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: adminPassword })

/** Runs a command that must succeed; returns its JSON output. */
async function run<T>(...args: string[]): Promise<T> {
  const outcome = await headwater([...args, '--json'], env())
  expect(outcome).toMatchObject({ code: 0, err: '' })
  return outcome.json<T>()
}

const refusal = ({ code, out, err }: Outcome) => ({ code, out, err: err.trim() })

describe('accounts', () => {
  it('headwater account create --from creates the accounts of a file, and a repetition skips them', async () => {
    const file = join(folder, 'accounts.ndjson')
    const lines = ['carol', 'dave', 'erin'].map((name) => ({
      handle: `${name}.test`,
      email: `${name}@example.com`,
    }))
    const write = (more: object[]) =>
      writeFileSync(file, [...lines, ...more].map((line) => JSON.stringify(line)).join('\n'))
    const create = () => headwater(['account', 'create', '--from', file], env())
    const results = ({ out }: Outcome) =>
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, string>)
        .sort((a, b) => Number(a['line']) - Number(b['line']))
    write([])
    const first = await create()
    expect(first).toMatchObject({ code: 0, err: '3 created, 0 skipped, 0 failed of 3\n' })
    const made = results(first)
    expect(made.map(({ handle }) => handle)).toEqual(lines.map(({ handle }) => handle))
    const { did, password } = made[1]!
    const agent = new AtpAgent({ service: server.url })
    await agent.login({ identifier: 'dave.test', password: password! })
    expect(agent.did).toBe(did)
    write([
      { handle: 'alice.test', email: 'other@example.com' },
      { handle: 'frank.test', email: 'f@e.org' },
    ])
    const second = await create()
    expect(second.code).toBe(1)
    expect(second.err).toContain('1 created, 3 skipped, 1 failed of 5\n')
    const [carol, , , taken, frank] = results(second)
    expect(carol).toEqual({
      line: 1,
      handle: 'carol.test',
      did: made[0]!['did'],
      skipped: 'exists',
    })
    expect(taken).toMatchObject({ line: 4, handle: 'alice.test', error: 'HandleNotAvailable' })
    expect(frank).toMatchObject({ line: 5, handle: 'frank.test', password: expect.any(String) })
    for (const name of ['carol', 'dave', 'erin', 'frank']) {
      await run('account', 'delete', `${name}.test`, '--yes')
    }
  })

  it('headwater account create --from creates nothing if a line of the file is wrong', async () => {
    const file = join(folder, 'wrong.ndjson')
    writeFileSync(file, '{"handle":"gina.test","email":"gina@example.com"}\n{"name":"x"}\n')
    const refused = await headwater(['account', 'create', '--from', file], env())
    expect(refused).toMatchObject({ code: 2, out: '' })
    expect(refused.err).toContain('line 2: unknown field name')
    expect(await run('account', 'list', '--search', 'gina')).toEqual([])
  })

  it('headwater account update changes the handle and the email', async () => {
    const change = ['--handle', 'alicia.test', '--email', 'alicia@example.com']
    await run('account', 'update', 'alice.test', ...change)
    expect(await run('account', 'info', 'alicia.test')).toMatchObject({
      email: 'alicia@example.com',
    })
    await run('account', 'update', 'alicia.test', '--handle', 'alice.test')
    expect((await headwater(['account', 'update', 'alice.test'], env())).code).toBe(2)
  })
})

describe('invites', () => {
  it('headwater invite creates, lists and disables invite codes', async () => {
    const made = await run<{ code: string }[]>('invite', 'create', '--count', '2', '--uses', '3')
    expect(made).toHaveLength(2)
    const [first, other] = made.map(({ code }) => code) as [string, string]
    const known = async () => {
      const codes = await run<{ code: string; available: number; disabled: boolean }[]>(
        ...['invite', 'list'],
      )
      return Object.fromEntries(codes.map(({ code, disabled }) => [code, disabled]))
    }
    expect(await known()).toMatchObject({ [first]: false, [other]: false })
    await run('invite', 'disable', first)
    expect(await known()).toMatchObject({ [first]: true, [other]: false })
    const mistyped = await headwater(['invite', 'disable', other, 'nosuchcode'], env())
    expect(refusal(mistyped)).toMatchObject({ code: 1, out: '' })
    expect(mistyped.err).toContain('no such invite code: nosuchcode')
    expect(await known()).toMatchObject({ [other]: false })
  })
})

describe('groups', () => {
  it('headwater group creates a group, changes its members, and prints them and the audit log', async () => {
    const bob = await createTestAccount(server, 'bob')
    const own = { ...env(), HEADWATER_PASSWORD: alice.password }
    const group = async <T>(name: string, ...args: string[]) => {
      const outcome = await headwater(['group', name, ...args, '--as', 'alice.test', '--json'], own)
      expect(outcome).toMatchObject({ code: 0, err: '' })
      return outcome.json<T>()
    }
    const { did } = await group<{ did: string }>('create', 'cooks.test')
    await group('add', 'cooks.test', 'bob.test', 'viewer', '--note', 'a friend')
    await group('role', 'cooks.test', bob.did, 'editor', '--expires', '2100-01-01')
    const [members, { token }, groups] = await Promise.all([
      group<{ did: string; role: string }[]>('members', did),
      group<{ token: string }>('invite', did, '--role', 'viewer'),
      group<object[]>('list'),
    ])
    const expected = [
      [alice.did, 'owner'],
      [bob.did, 'editor'],
    ]
    expect(members.map(({ did, role }) => [did, role]).sort()).toEqual(expected.sort())
    expect(token).toEqual(expect.any(String))
    expect(groups).toEqual([{ did, handle: 'cooks.test', status: 'active', role: 'owner' }])
    await group('remove', did, 'bob.test', '--reason', 'moved on')
    const wrong = { ...own, HEADWATER_PASSWORD: 'wrong' }
    const [[last], refused] = await Promise.all([
      group<object[]>('audit', did, '--action', 'member removed'),
      headwater(['group', 'list', '--as', 'alice.test'], wrong),
    ])
    expect(last).toMatchObject({ actor: alice.did, target: bob.did, reason: 'moved on' })
    expect(refusal(refused)).toEqual({
      ...{ code: 1, out: '' },
      err: 'headwater: alice.test cannot sign in: Invalid identifier or password',
    })
  })
})

describe('domains', () => {
  it('headwater domain add and remove take effect at once on describeServer, sign-up and the sign-up page', async () => {
    const domains = async () =>
      (await run<{ domain: string }[]>('domain', 'list')).map((d) => d.domain)
    const signUpPage = async () =>
      (await new PageClient(server.url, navigation).open('/account/sign-up')).html
    expect(await domains()).toEqual(['.test'])
    expect(await signUpPage()).not.toContain('.added.example.org')
    await run('domain', 'add', 'added.example.org')
    expect(await domains()).toEqual(['.test', '.added.example.org'])
    expect(await signUpPage()).toContain('.added.example.org')
    const account = ['--handle', 'amy.added.example.org', '--email', 'amy@example.com']
    await run('account', 'create', ...account)
    const used = await headwater(['domain', 'remove', 'added.example.org'], env())
    expect(used.code).toBe(1)
    expect(used.err).toContain('Accounts have handles under .added.example.org')
    await run('account', 'delete', 'amy.added.example.org', '--yes')
    await run('domain', 'remove', 'added.example.org')
    expect(await domains()).toEqual(['.test'])
    expect(await signUpPage()).not.toContain('.added.example.org')
    const configured = await headwater(['domain', 'remove', 'test'], env())
    expect(configured.err).toContain('it is in PDS_SERVICE_HANDLE_DOMAINS')
  })
})

describe('a flood', () => {
  it('headwater account delete --created-after deletes the accounts of a flood, and goes on after it was killed', async () => {
    const since = new Date().toISOString()
    const names = Array.from({ length: 5 }, (_, i) => `bot${i}`)
    for (const name of names) await createTestAccount(server, name)
    const flood = ['account', 'delete', '--created-after', since, '--network', '127.0.0.0/8']
    const listed = async () => {
      const rows = await run<{ handle: string; network: string }[]>(...flood, '--dry-run')
      expect(new Set(rows.map(({ network }) => network))).toEqual(new Set(['127.0.0.0/24']))
      return rows.map(({ handle }) => handle)
    }
    expect(await listed()).toEqual(names.map((name) => `${name}.test`))
    const file = join(folder, 'flood.txt')
    writeFileSync(file, (await headwater([...flood, '--dry-run'], env())).out)
    const unconfirmed = await headwater(flood, env())
    expect(unconfirmed).toMatchObject({ code: 2, out: '' })
    expect(unconfirmed.err).toContain('this deletes 5 accounts and all their data for good')
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      const before = (await listed()).length
      const args = [...flood, '--yes', '--per-minute', '60']
      const { err } = await headwater(args, env(), { killAfterLine: signal })
      const after = (await listed()).length
      expect(before - after).toBeGreaterThanOrEqual(1)
      expect(after).toBeGreaterThanOrEqual(1)
      if (signal === 'SIGINT') expect(err).toContain('interrupted; run it again to go on')
    }
    const fromFile = ['account', 'delete', '--from', file, '--yes']
    const rest = await headwater([...fromFile, '--per-minute', '6000'], env())
    expect(rest).toMatchObject({ code: 0 })
    expect(rest.err).toMatch(/\[#{20}\] \d deleted, 0 gone, 0 failed of \d, 0 min left\n$/)
    for (const again of [fromFile, [...flood, '--yes']]) {
      expect(await run<object>(...again)).toEqual({ accounts: 0, deleted: 0 })
    }
    expect((await run<object[]>('account', 'list', '--search', 'bot')).length).toBe(0)
  })
})

it('headwater moderation lists cases, adds notes and closes them', async () => {
  const as = { authorization: `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}` }
  await fetch(`${server.url}/xrpc/dev.headwater.admin.createReport`, {
    ...{ method: 'POST', headers: { ...as, 'content-type': 'application/json' } },
    body: JSON.stringify({ did: alice.did, reasonType: 'spam', reason: 'by mail' }),
  })
  expect(await run('moderation', 'cases')).toMatchObject([{ id: 1, handle: alice.handle }])
  await run('moderation', 'note', '1', 'looks right')
  await run('moderation', 'close', '1', '--decision', 'no-violation')
  const found = await run<{ entries: { kind: string }[] }>('moderation', 'case', '1')
  expect(found.entries.map(({ kind }) => kind)).toEqual(['closed', 'note', 'report'])
})

describe('doctor', () => {
  it('headwater doctor checks a development server, and headwater mail test writes a mail to its folder', async () => {
    const outcome = await headwater(['doctor'], env())
    expect(outcome).toMatchObject({ code: 0, err: '' })
    for (const check of ['storage', 'disk', 'mail', 'keys', 'relays', 'DNS and TLS']) {
      expect(outcome.out).toMatch(new RegExp(`^ok +${check}: `, 'm'))
    }
    expect(outcome.out).toContain(`the PLC directory agrees for ${alice.did}`)
    const to = 'operator@example.com'
    const { writtenTo } = await run<{ writtenTo: string }>('mail', 'test', to)
    const mails = readdirSync(writtenTo).map((name) => readFileSync(join(writtenTo, name), 'utf8'))
    expect(mails.filter((mail) => mail.includes(`To: ${to}`))).toHaveLength(1)
  })
})

describe('tail', () => {
  it('headwater tail prints public events of the server and private ones of an account, and ends with Ctrl-C', async () => {
    const everything = startHeadwater(['tail', '--cursor', '0'], env())
    const account = ['--account', 'alice.test', '--kinds', 'identity,email']
    const ofAlice = startHeadwater(['tail', ...account, '--cursor', '0', '--json'], env())
    await run('account', 'update', 'alice.test', '--email', 'followed@example.com')
    const kinds = () =>
      [...ofAlice.out().matchAll(/subscribe#(\w+)","seq"/g)].map(([, kind]) => kind)
    await expect.poll(kinds).toEqual(expect.arrayContaining(['identity', 'email']))
    expect(new Set(kinds())).toEqual(new Set(['identity', 'email']))
    await expect.poll(everything.out).toContain(`${alice.did}  identity`)
    for (const tail of [everything, ofAlice]) {
      const { code, err } = await tail.interrupt()
      expect(code).toBe(0)
      expect(err).toMatch(/^headwater: --cursor \d+ continues from here$/m)
    }
    const refused = await headwater(['tail', '--account', 'alice.test', '--kinds', 'grant'], env())
    expect(refusal(refused)).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toContain('ScopeMissing')
    const unreachable = await headwater(['tail'], { HEADWATER_URL: 'http://localhost:1' })
    expect(unreachable.code).toBe(1)
    expect(unreachable.err).toContain('does the server run?')
  })
})

describe('a lost key-encryption key', () => {
  it('headwater account rotate-key lets an account write again after the key-encryption key was lost', async () => {
    serverEnv['PDS_KEY_ENCRYPTION_KEY_HEX'] = 'cd'.repeat(32)
    serverEnv['PDS_ACCEPT_CHANGED_KEYS'] = 'true'
    await server.restart()
    const agent = new AtpAgent({ service: server.url })
    await agent.login({ identifier: 'alice.test', password: alice.password })
    const post = () => agent.post({ text: 'with a new key' })
    await expect(post()).rejects.toThrow()
    await run('account', 'rotate-key', 'alice.test')
    await post()
    expect(await run('repo', 'verify', 'alice.test')).toMatchObject({ ok: true })
  })
})
