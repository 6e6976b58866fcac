import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { headwater, type Outcome } from '#tests/support/command-line.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { verifiedRepo } from '#tests/support/verify-repo.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

let server: TestServer
let alice: TestAccount
let folder: string
beforeAll(async () => {
  server = await startServer({ env: { PDS_INVITE_REQUIRED: 'false' } })
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

describe('the command line', () => {
  it('headwater --help explains the program, each group and each command', async () => {
    const [all, group, one, helpCommand] = await Promise.all([
      headwater(['--help']),
      headwater(['record']),
      headwater(['account', 'rotate-key', '--help']),
      headwater(['help', 'account', 'rotate-key']),
    ])
    expect(group.code).toBe(0)
    expect(group.out).toContain('  record untakedown <at-uri>')
    expect(group.out).not.toContain('account')
    expect(helpCommand).toMatchObject({ code: 0, out: one.out })
    expect(all.code).toBe(0)
    for (const name of ['account create', 'invite disable', 'repo verify', 'request-crawl']) {
      expect(all.out).toContain(`  ${name}`)
    }
    expect(one.code).toBe(0)
    expect(one.out).toMatch(/^Usage: headwater account rotate-key <did-or-handle> \[options\]\n/)
    expect(one.out).toContain('--admin-password')
  })

  it('headwater exits with 2 if misused and with 1 if a command fails, and prints why', async () => {
    const [unknown, operand, option, flag, dash, password, none, away] = await Promise.all([
      headwater(['account', 'explode'], env()),
      headwater(['account', 'info'], env()),
      headwater(['account', 'create', '--email', 'x@example.com'], env()),
      headwater(['account', 'list', '--color'], env()),
      headwater(['account', 'list', '--limit', '-1'], env()),
      headwater(['account', 'list'], { HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: 'wrong' }),
      headwater(['account', 'list'], { HEADWATER_URL: server.url }),
      headwater(['status', '--json'], { HEADWATER_URL: 'http://localhost:1' }),
    ])
    const what = "headwater: unknown command: account explode (see 'headwater account --help')"
    expect(refusal(unknown)).toEqual({ code: 2, out: '', err: what })
    expect(refusal(operand).err).toBe('headwater: usage: headwater account info <did-or-handle>')
    expect(refusal(option)).toEqual({
      code: 2,
      out: '',
      err: "headwater: missing option: --handle (see 'headwater account create --help')",
    })
    expect(refusal(flag)).toMatchObject({
      code: 2,
      err: "headwater: unknown option: --color (see 'headwater account list --help')",
    })
    expect(refusal(dash)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^headwater: --limit needs a value; .* --limit=-/),
    })
    expect(refusal(password)).toEqual({
      code: 1,
      out: '',
      err: `headwater: AuthenticationRequired: ${server.url} refuses the password in PDS_ADMIN_PASSWORD`,
    })
    expect(refusal(none).err).toBe(
      `headwater: AuthenticationRequired: set PDS_ADMIN_PASSWORD to the admin password of ${server.url}, or PDS_DATA_DIRECTORY to its data folder (there is none in /nowhere/secrets.json)`,
    )
    expect(away.code).toBe(1)
    expect(JSON.parse(away.err)).toEqual({ message: expect.stringContaining('cannot be reached') })
  })

  it('headwater status shows the state of the server', async () => {
    const status = await run('status')
    expect(status).toMatchObject({
      status: 'ok',
      storage: { accountDb: true, sequencerDb: true, writable: true, blobs: true, complete: true },
      engine: { healthy: true, restarts: 0 },
    })
  })
})

describe('accounts', () => {
  it('headwater account create makes an account with a generated password, and account list shows it', async () => {
    const made = await run<{ did: string; handle: string; password: string }>(
      ...['account', 'create', '--handle', 'bob.test', '--email', 'bob@example.com'],
    )
    expect(made).toMatchObject({ handle: 'bob.test', email: 'bob@example.com' })
    const agent = new AtpAgent({ service: server.url })
    const { data } = await agent.login({ identifier: 'bob.test', password: made.password })
    expect(data.did).toBe(made.did)
    const all = await run<{ did: string }[]>('account', 'list')
    expect(all.map(({ did }) => did)).toEqual([alice.did, made.did])
    const some = await headwater(['account', 'list', '--search', 'bob'], env())
    expect(some.out).toContain('bob.test')
    expect(some.out).not.toContain('alice.test')
  })

  it('headwater account create needs no email, and may use a reserved handle', async () => {
    const made = await run<{ did: string; password: string }>(
      ...['account', 'create', '--handle', 'support.test'],
    )
    const { body } = await call(server, 'server.createSession', {
      body: { identifier: 'support.test', password: made.password },
    })
    expect(body).toMatchObject({ did: made.did, emailConfirmed: false })
    expect(body).not.toHaveProperty('email')
    await run('account', 'delete', made.did, '--yes')
  })

  it('headwater account rotate-key says that a did:web has no PLC operations', async () => {
    const refused = await headwater(['account', 'rotate-key', 'did:web:a.example.com'], env())
    expect(refused).toMatchObject({ code: 1, out: '' })
    expect(refused.err).toContain('did:web:a.example.com has no PLC operations')
  })

  it('headwater account info shows an account', async () => {
    expect(await run('account', 'info', 'alice.test')).toMatchObject({
      did: alice.did,
      handle: 'alice.test',
      email: 'alice@example.com',
      active: true,
      rev: expect.any(String),
    })
    const unknown = await headwater(['account', 'info', 'nobody.test'], env())
    expect(unknown.code).toBe(1)
    expect(unknown.err).toContain('no account with handle nobody.test')
  })

  it('headwater account takedown and untakedown accept a handle', async () => {
    const status = () => call(server, 'sync.getRepoStatus', { query: { did: alice.did } })
    await run('account', 'takedown', 'alice.test', '--ref', 'spam')
    expect((await status()).body).toMatchObject({ active: false, status: 'takendown' })
    expect(await run('account', 'info', alice.did)).toMatchObject({
      takedown: { applied: true, ref: 'spam' },
      status: 'takendown',
    })
    await run('account', 'untakedown', 'alice.test')
    expect((await status()).body).toMatchObject({ active: true })
  })

  it('headwater account reset-password sets a generated or a typed password', async () => {
    const { password } = await run<{ password: string }>('account', 'reset-password', 'alice.test')
    const log = (given: string) =>
      call(server, 'server.createSession', { body: { identifier: 'alice.test', password: given } })
    expect((await log(password)).status).toBe(200)
    expect(await statusAndError(log(alice.password))).toEqual([401, 'AuthenticationRequired'])
    const typing = ['account', 'reset-password', 'alice.test', '--password', '-']
    const typed = await headwater(typing, env(), 'chosen by alice\n')
    expect(typed).toMatchObject({ code: 0, err: '' })
    expect(typed.out).not.toContain('chosen')
    expect((await log('chosen by alice')).status).toBe(200)
    expect((await headwater(typing, env())).code).toBe(2)
  })

  it('headwater account announce emits #account, #identity and #sync, in order', async () => {
    const relay = new Subscription(server)
    await relay.opened
    const answer = await run('account', 'announce', 'alice.test')
    expect(answer).toEqual({ did: alice.did, events: ['#account', '#identity', '#sync'] })
    await expect.poll(() => relay.kinds).toEqual(['#account', '#identity', '#sync'])
    const [account, identity, sync] = relay.messages.map(({ body }) => body)
    expect(account).toMatchObject({ did: alice.did, active: true })
    expect(identity).toMatchObject({ did: alice.did, handle: 'alice.test' })
    const latest = await call(server, 'sync.getLatestCommit', { query: { did: alice.did } })
    expect(sync!.rev).toBe((latest.body as { rev: string }).rev)
    relay.ws.close()
  })

  it('/xrpc/_admin/announce requires the admin password', async () => {
    const body = { account: alice.did }
    const attempt = call(server, '/xrpc/_admin/announce', { body })
    expect(await statusAndError(attempt)).toEqual([401, 'AuthenticationRequired'])
  })

  it('headwater account delete requires confirmation', async () => {
    const unsure = await headwater(['account', 'delete', 'bob.test'], env())
    expect(refusal(unsure)).toEqual({
      ...{ code: 2, out: '' },
      err: 'headwater: this deletes the account and all its data for good: repeat with --yes',
    })
    await run('account', 'delete', 'bob.test', '--yes')
    const all = await run<{ handle: string }[]>('account', 'list', '--search', 'bob.test')
    expect(all).toEqual([])
  })
})

describe('records and blobs', () => {
  it('headwater record and blob takedown hide their subject until untakedown', async () => {
    const agent = new AtpAgent({ service: server.url })
    await agent.login({ identifier: 'alice.test', password: 'chosen by alice' })
    const png = Buffer.from('89504e470d0a1a0a', 'hex')
    const { blob } = (await agent.uploadBlob(png, { encoding: 'image/png' })).data
    const record = { $type: 'com.example.thing', blob: blob.toJSON() }
    const input = { repo: alice.did, collection: 'com.example.thing', record }
    const { uri } = (await agent.com.atproto.repo.createRecord(input)).data
    const cid = String(blob.ref)
    const [repo, rkey] = [alice.did, uri.split('/').at(-1)!]
    const query = { repo, collection: input.collection, rkey }
    const subjects = {
      record: { operands: [uri], shown: () => call(server, 'repo.getRecord', { query }) },
      blob: {
        operands: ['alice.test', cid],
        shown: () => call(server, 'sync.getBlob', { query: { did: repo, cid } }),
      },
    }
    for (const [kind, { operands, shown }] of Object.entries(subjects)) {
      expect((await shown()).status).toBe(200)
      const down = await run(kind, 'takedown', ...operands, '--ref', 'case 7')
      expect(down).toMatchObject({ takedown: { applied: true, ref: 'case 7' } })
      expect((await shown()).status).toBe(400)
      await run(kind, 'untakedown', ...operands)
      expect((await shown()).status).toBe(200)
    }
    const nowhere = await headwater(['record', 'takedown', `${uri}x`], env())
    expect(nowhere.code).toBe(1)
    expect(nowhere.err).toContain('NotFound')
  })
})

describe('repos', () => {
  const key = async () => {
    const { body } = await call(server, 'identity.resolveDid', { query: { did: alice.did } })
    const { verificationMethod } = (body as { didDoc: DidDoc }).didDoc
    return `did:key:${verificationMethod[0]!.publicKeyMultibase}`
  }
  interface DidDoc {
    verificationMethod: { publicKeyMultibase: string }[]
  }

  it('headwater repo verify checks a repo against the DID document, before and after account rotate-key', async () => {
    const before = await run<{ signingKey: string }>('repo', 'verify', 'alice.test')
    expect(before).toMatchObject({ did: alice.did, ok: true, records: 1, signingKey: await key() })
    const { signingKey } = await run<{ signingKey: string }>('account', 'rotate-key', 'alice.test')
    expect(signingKey).not.toBe(before.signingKey)
    expect(await key()).toBe(signingKey)
    expect(await run('repo', 'verify', 'alice.test')).toMatchObject({ ok: true, signingKey })
    const old = await headwater(['repo', 'verify', 'alice.test', '--key', before.signingKey], env())
    expect(old.code).toBe(1)
    expect(old.err).toContain('is invalid')
  })

  it('headwater repo export writes CAR files', async () => {
    const file = join(folder, 'alice.car')
    const exported = await run<{ bytes: number; blocks: number }>(
      ...['repo', 'export', alice.did, '--out', file],
    )
    const car = readFileSync(file)
    expect(car.length).toBe(exported.bytes)
    expect(exported.blocks).toBeGreaterThan(2)
    await verifiedRepo(car, { did: alice.did, key: await key() })
    const missing = join(folder, 'nobody.car')
    const failed = await headwater(
      ['repo', 'export', 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', '--out', missing],
      env(),
    )
    expect(failed.code).toBe(1)
    expect(() => readFileSync(missing)).toThrow()
    const nowhere = join(folder, 'no-folder', 'alice.car')
    const lost = await headwater(['repo', 'export', alice.did, '--out', nowhere], env())
    expect(lost).toMatchObject({
      code: 1,
      err: `headwater: cannot write ${nowhere}.part: its folder does not exist\n`,
    })
  })
})
