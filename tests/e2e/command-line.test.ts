import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, failure } from '#tests/helpers/call.ts'
import { headwater, type Outcome } from '#tests/helpers/command-line.ts'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/helpers/server.ts'
import { Subscription } from '#tests/helpers/subscription.ts'
import { verifiedRepo } from '#tests/helpers/verify.ts'

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

/** Runs a command that must succeed, and gives what it printed as JSON. */
async function run<T>(...args: string[]): Promise<T> {
  const outcome = await headwater([...args, '--json'], env())
  expect(outcome).toMatchObject({ code: 0, err: '' })
  return outcome.json<T>()
}

const refusal = ({ code, out, err }: Outcome) => ({ code, out, err: err.trim() })

describe('the command line', () => {
  it('explains itself, as a whole and each command', async () => {
    const [all, one] = await Promise.all([
      headwater(['--help']),
      headwater(['account', 'rotate-key', '--help']),
    ])
    expect(all.code).toBe(0)
    for (const name of ['account create', 'invite disable', 'repo verify', 'request-crawl']) {
      expect(all.out).toContain(`  ${name}`)
    }
    expect(one.code).toBe(0)
    expect(one.out).toMatch(/^headwater account rotate-key <did or handle> \[options\]\n/)
    expect(one.out).toContain('--admin-password')
  })

  it('exits with 2 where it is misused, with 1 where it fails, and says why', async () => {
    const [unknown, operand, option, flag, password, away] = await Promise.all([
      headwater(['account', 'explode'], env()),
      headwater(['account', 'info'], env()),
      headwater(['account', 'create', '--handle', 'x.test'], env()),
      headwater(['account', 'list', '--color'], env()),
      headwater(['account', 'list'], { HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: 'wrong' }),
      headwater(['status', '--json'], { HEADWATER_URL: 'http://localhost:1' }),
    ])
    expect(refusal(unknown)).toMatchObject({ code: 2, out: '' })
    expect(refusal(operand).err).toBe('headwater: it goes: headwater account info <did or handle>')
    expect(refusal(option)).toEqual({ code: 2, out: '', err: 'headwater: --email is needed' })
    expect(flag.code).toBe(2)
    expect(refusal(password)).toEqual({
      code: 1,
      out: '',
      err: 'headwater: AuthenticationRequired: Authentication Required',
    })
    expect(away.code).toBe(1)
    expect(JSON.parse(away.err)).toEqual({ message: expect.stringContaining('cannot be reached') })
  })

  it('shows how the server is', async () => {
    const status = await run('status')
    expect(status).toMatchObject({
      status: 'ok',
      storage: { accountDb: true, sequencerDb: true, writable: true, blobs: true },
      engine: { healthy: true, restarts: 0 },
    })
  })
})

describe('accounts', () => {
  it('are made, with a password that is made up, and listed', async () => {
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

  it('are shown', async () => {
    expect(await run('account', 'info', 'alice.test')).toMatchObject({
      did: alice.did,
      handle: 'alice.test',
      email: 'alice@example.com',
      active: true,
      rev: expect.any(String),
    })
    const nobody = await headwater(['account', 'info', 'nobody.test'], env())
    expect(nobody.code).toBe(1)
    expect(nobody.err).toContain('there is no account with the handle nobody.test')
  })

  it('are taken down, and that is ended, by handle', async () => {
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

  it('get another password', async () => {
    const { password } = await run<{ password: string }>('account', 'reset-password', 'alice.test')
    const log = (given: string) =>
      call(server, 'server.createSession', { body: { identifier: 'alice.test', password: given } })
    expect((await log(password)).status).toBe(200)
    expect(await failure(log(alice.password))).toEqual([401, 'AuthenticationRequired'])
  })

  it('are announced again: #account, #identity and #sync, in order', async () => {
    const relay = new Subscription(server)
    await relay.opened
    const answer = await run('account', 'announce', 'alice.test')
    expect(answer).toEqual({ did: alice.did, events: ['#account', '#identity', '#sync'] })
    await expect
      .poll(() => relay.kinds, { timeout: 10_000 })
      .toEqual(['#account', '#identity', '#sync'])
    const [account, identity, sync] = relay.messages.map(({ body }) => body)
    expect(account).toMatchObject({ did: alice.did, active: true })
    expect(identity).toMatchObject({ did: alice.did, handle: 'alice.test' })
    const latest = await call(server, 'sync.getLatestCommit', { query: { did: alice.did } })
    expect(sync!.rev).toBe((latest.body as { rev: string }).rev)
    relay.ws.close()
  })

  it('are announced to nobody by a stranger', async () => {
    const body = { account: alice.did }
    const asked = call(server, '/xrpc/_admin/announce', { body })
    expect(await failure(asked)).toEqual([401, 'AuthenticationRequired'])
  })

  it('are deleted, but only where that is meant', async () => {
    const unsure = await headwater(['account', 'delete', 'bob.test'], env())
    expect(refusal(unsure)).toEqual({ code: 2, out: '', err: 'headwater: --yes is needed' })
    await run('account', 'delete', 'bob.test', '--yes')
    const all = await run<{ handle: string }[]>('account', 'list', '--search', 'bob.test')
    expect(all).toEqual([])
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

  it('are verified against the DID document, before and after their key is changed', async () => {
    const before = await run<{ signingKey: string }>('repo', 'verify', 'alice.test')
    expect(before).toMatchObject({ did: alice.did, ok: true, records: 0, signingKey: await key() })
    const { signingKey } = await run<{ signingKey: string }>('account', 'rotate-key', 'alice.test')
    expect(signingKey).not.toBe(before.signingKey)
    expect(await key()).toBe(signingKey)
    expect(await run('repo', 'verify', 'alice.test')).toMatchObject({ ok: true, signingKey })
    const old = await headwater(['repo', 'verify', 'alice.test', '--key', before.signingKey], env())
    expect(old.code).toBe(1)
    expect(old.err).toContain('is not in order')
  })

  it('are stored as CAR files', async () => {
    const file = join(folder, 'alice.car')
    const { bytes } = await run<{ bytes: number }>('repo', 'export', alice.did, '--out', file)
    const car = readFileSync(file)
    expect(car.length).toBe(bytes)
    await verifiedRepo(car, { did: alice.did, key: await key() })
    const gone = join(folder, 'nobody.car')
    const failed = await headwater(
      ['repo', 'export', 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa', '--out', gone],
      env(),
    )
    expect(failed.code).toBe(1)
    expect(() => readFileSync(gone)).toThrow()
  })
})

describe('invites', () => {
  it('are made, listed and disabled', async () => {
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
  })
})
