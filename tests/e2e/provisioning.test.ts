/** A platform creates, adopts and hands over accounts, and is interrupted while it does. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { AtpAgent } from '@atproto/api'
import { Secp256k1Keypair } from '@atproto/crypto'
import { createOp } from '@did-plc/lib'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { headwater } from '#tests/support/command-line.ts'
import { freePort } from '#tests/support/processes.ts'
import { publishedDids, type RowResult, sendRows } from '#tests/support/row-files.ts'
import { adminPassword } from '#tests/support/server.ts'
import { serverWithAccounts } from '#tests/support/shared-server.ts'
import { Subscription } from '#tests/support/subscription.ts'

const plcPort = await freePort()
const plcUrl = `http://127.0.0.1:${plcPort}`
const { server } = await serverWithAccounts([], { env: { PDS_DEV_PLC_PORT: String(plcPort) } })
const operator = `Basic ${Buffer.from(`admin:${adminPassword}`).toString('base64')}`
const headers = { authorization: operator, tenant: 'roomy' }
/** CI has no time for more; PROVISIONING_ROWS=10000 takes some minutes, and kills the server more often. */
const few = 60
const rows = Number(process.env['PROVISIONING_ROWS'] ?? few)
const isLong = rows > few
const waitMs = isLong ? 3_600_000 : 600_000
if (isLong) vi.setConfig({ testTimeout: waitMs })

interface Answer {
  status: number
  headers: Headers
  body: Record<string, string>
}

async function post(nsid: string, input: object, more: object = {}): Promise<Answer> {
  const response = await fetch(`${server.url}/xrpc/${nsid}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json', ...more },
    body: JSON.stringify(input),
  })
  const body = (await response.json()) as Record<string, string>
  return { status: response.status, headers: response.headers, body }
}

const createAccount = (input: object, more?: object) =>
  post('dev.headwater.tenant.createAccount', input, more)

const send = (method: string, lines: readonly string[], leaveAfter?: number) =>
  sendRows({ url: server.url, headers }, method, lines, leaveAfter)
const published = () => publishedDids(server.dir)

beforeAll(async () => {
  const quotas = { accounts: 10 * rows, groups: 20, accountsPerHour: 10 * rows }
  for (const id of ['roomy', 'other']) {
    const created = await post('dev.headwater.admin.createTenant', { id, name: id, quotas })
    expect(created.status).toBe(200)
  }
})

describe('an account of a tenant', () => {
  it('needs no email address, password or invite code, and has its records in its first commit', async () => {
    const records = [{ collection: 'com.example.thing', rkey: 'self', value: { n: 1 } }]
    const input = { externalId: 'alice', handle: 'alice.test', records, session: true }
    const { body } = await createAccount(input)
    expect(body).toMatchObject({ status: 'created', handle: 'alice.test' })
    const agent = new AtpAgent({ service: server.url })
    const active = { did: body['did']!, handle: body['handle']!, active: true }
    await agent.resumeSession({
      ...{ ...active, accessJwt: body['accessJwt']!, refreshJwt: body['refreshJwt']! },
    })
    const repo = body['did']!
    const { data } = await agent.com.atproto.repo.listRecords({
      ...{ repo, collection: 'com.example.thing' },
    })
    expect(data.records.map(({ value }) => value)).toEqual([{ $type: 'com.example.thing', n: 1 }])
    const again = await createAccount({ externalId: 'alice', handle: 'alice.test' })
    expect(again.body).toEqual({ status: 'existing', did: repo, handle: 'alice.test' })
    expect(
      (await createAccount({ externalId: 'alice', handle: 'another.test' })).body,
    ).toMatchObject({
      error: 'ExternalIdTaken',
    })
  })

  it('a group is owned by a service that has no password, and written to by its members', async () => {
    const members = [{ did: 'did:web:arbiter.example.com', role: 'owner', kind: 'service' }]
    const group = await createAccount({ externalId: 'cooks', kind: 'group', members })
    expect(group.body).toMatchObject({ status: 'created' })
    const ownerless = await createAccount({ externalId: 'ownerless', kind: 'group' })
    expect(ownerless).toMatchObject({ status: 400, body: { error: 'InvalidRequest' } })
  })

  it('the same Idempotency-Key gives the same answer, or is refused', async () => {
    const key = { 'idempotency-key': 'key-1' }
    const input = { externalId: 'keyed', session: true }
    const both = await Promise.all([createAccount(input, key), createAccount(input, key)])
    expect(both.map(({ status }) => status)).toContain(200)
    const first = both.find(({ status }) => status === 200)!
    for (const { status, body } of both) {
      if (status !== 200) expect(body).toMatchObject({ error: 'IdempotencyInProgress' })
    }
    const replayed = await createAccount(input, key)
    expect(replayed.headers.get('idempotent-replayed')).toBe('true')
    expect(replayed.body).toEqual(first.body)
    const other = await createAccount({ externalId: 'other' }, key)
    expect(other).toMatchObject({ status: 422, body: { error: 'IdempotencyMismatch' } })
  })
})

describe('a file of accounts', () => {
  const lines = Array.from({ length: rows }, (_, i) => `{"externalId":"file ${i}"}`)
  const bad = ['not JSON', '[]', '{"handle":"no.test"}', '{"externalId":"","kind":"x"}']
  lines.splice(10, 0, ...bad, '{"externalId":"taken","handle":"alice.test"}')

  const jobRows = rows + 10
  const getJob = (method: string, id: string, tenant = 'roomy') => {
    const url = `${server.url}/xrpc/dev.headwater.tenant.${method}?id=${id}`
    return fetch(url, { headers: { ...headers, tenant } })
  }
  let job = ''

  it('interrupted by its client and by kill -9, and sent again, makes each account once', async () => {
    const jobFile = Array.from({ length: jobRows }, (_, i) => `{"externalId":"job ${i}"}`)
    const response = await fetch(`${server.url}/xrpc/dev.headwater.tenant.createJob`, {
      ...{ method: 'POST', body: [...jobFile, 'bad'].join('\n') },
      headers: { ...headers, 'content-type': 'application/x-ndjson' },
    })
    job = ((await response.json()) as { id: string }).id
    const first = await send('createAccounts', lines, 10)
    expect(first.results.length).toBeGreaterThanOrEqual(10)
    for (let kill = 1; kill <= (isLong ? 2 : 1); kill++) {
      const killed = send('createAccounts', lines)
      // Those of the job count, too.
      const enough = (kill * rows) / 2
      const wait = { timeout: waitMs, interval: 20 }
      await expect.poll(() => published().size, wait).toBeGreaterThan(enough)
      await server.kill9()
      await killed
      await server.start()
    }
    const { results, summaries } = await send('createAccounts', lines)
    expect(results).toHaveLength(rows + 5)
    expect(
      results
        .filter(({ status }) => status === 'error')
        .map(({ n }) => n)
        .toSorted(),
    ).toEqual([11, 12, 13, 14, 15])
    const dids = new Map(results.flatMap(({ did, externalId }) => (did ? [[externalId, did]] : [])))
    expect(dids.size).toBe(rows)
    for (const { externalId, did } of first.results) {
      if (did !== undefined) expect(dids.get(externalId)).toBe(did)
    }
    const file = join(server.dir, 'rows.ndjson')
    writeFileSync(file, lines.join('\n'))
    const imported = await headwater(['tenant', 'import', 'roomy', file, '--errors-only'], {
      ...{ HEADWATER_URL: server.url, PDS_ADMIN_PASSWORD: adminPassword },
    })
    expect(imported.code).toBe(1)
    const wrong = imported.out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).n as number)
    expect(wrong.toSorted()).toEqual([11, 12, 13, 14, 15])
    expect(imported.err).toContain(`0 created, ${rows} existed, 5 failed`)
    expect(summaries).toHaveLength(1)
    expect(new Set(published().values())).toEqual(new Set([1]))

    using subscription = new Subscription(server, 0)
    // An account that is called announces itself; the others do one after another, at leisure.
    const called = [...dids.values()].slice(-3)
    const agent = new AtpAgent({ service: server.url })
    for (const repo of called) await agent.com.atproto.repo.describeRepo({ repo })
    const announced = () => {
      const identities = subscription.messages.filter(({ kind }) => kind === '#identity')
      return Map.groupBy(identities, ({ body }) => body.did)
    }
    const isAnnounced = () => {
      const all = announced()
      const count = [...dids.values()].filter((did) => all.has(did)).length
      return count >= few && called.every((did) => all.has(did))
    }
    await expect.poll(isAnnounced, { timeout: waitMs, interval: 200 }).toBe(true)
    for (const events of announced().values()) expect(events).toHaveLength(1)
  })

  it('runs as a job, which goes on after kill -9', async () => {
    if (isLong) {
      await server.kill9()
      await server.start()
    }
    const state = async () => {
      const answer = await (await getJob('getJob', job)).json()
      return (answer as { state: string }).state
    }
    await expect.poll(state, { timeout: waitMs }).toBe('done')
    const text = await (await getJob('getJobResults', job)).text()
    const results = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as RowResult)
    const numbers = Array.from({ length: jobRows + 1 }, (_, i) => i + 1)
    expect(results.map(({ n }) => n)).toEqual(numbers)
    const failed = results.filter(({ status }) => status === 'error')
    expect(failed.map(({ n }) => n)).toEqual([jobRows + 1])
    expect(new Set(results.flatMap(({ did }) => did ?? [])).size).toBe(jobRows)
    expect((await getJob('getJob', job, 'other')).status).toBe(400)
    // With alice, cooks and keyed.
    const operations = published()
    expect(operations.size).toBe(rows + jobRows + 3)
    expect(new Set(operations.values())).toEqual(new Set([1]))
  })
})

describe('a DID that exists', () => {
  it("is adopted as Roomy's script would, and again without effect", async () => {
    const agent = new AtpAgent({ service: server.url })
    const rotation = await Secp256k1Keypair.create()
    const { data } = await agent.com.atproto.server.reserveSigningKey({})
    const handle = 'space-one.test'
    const point = { handle, pds: server.url, signingKey: data.signingKey }
    const { did, op } = await createOp({
      ...{ ...point, rotationKeys: [rotation.did()], signer: rotation },
    })
    const sent = await fetch(`${plcUrl}/${did}`, {
      ...{ method: 'POST', body: JSON.stringify(op) },
      headers: { 'content-type': 'application/json' },
    })
    expect(sent.status).toBe(200)
    const outsider = await createOp({
      ...{ ...point, signingKey: rotation.did(), handle: 'space-two.test' },
      ...{ rotationKeys: [rotation.did()], signer: rotation },
    })
    await fetch(`${plcUrl}/${outsider.did}`, {
      ...{ method: 'POST', body: JSON.stringify(outsider.op) },
      headers: { 'content-type': 'application/json' },
    })
    const file = [
      JSON.stringify({ did, handle }),
      JSON.stringify({ did: outsider.did, handle: 'space-two.test' }),
    ]
    const first = await send('adoptAccounts', file)
    expect(first.results.toSorted((a, b) => a.n - b.n)).toMatchObject([
      { n: 1, status: 'created', did, handle },
      { n: 2, status: 'error', error: 'InvalidRequest' },
    ])
    expect((await send('adoptAccounts', file.slice(0, 1))).results).toMatchObject([
      { status: 'existing', did },
    ])
    const described = await agent.com.atproto.repo.describeRepo({ repo: did })
    expect(described.data).toMatchObject({ did, handle, handleIsCorrect: true })
  })
})

describe('a claim', () => {
  it('sets email address and password of the account once, with a page that needs no script', async () => {
    const made = await createAccount({ externalId: 'claimed', handle: 'claimed.test' })
    const account = made.body['did']!
    const claim = () => post('dev.headwater.tenant.createClaim', { account })
    const foreign = await post('dev.headwater.tenant.createClaim', { account }, { tenant: 'other' })
    expect(foreign.body).toMatchObject({ error: 'AccountNotFound' })
    const { url } = (await claim()).body
    const page = await fetch(url!)
    const html = await page.text()
    const cookie = page.headers.getSetCookie()[0]!.split(';')[0]!
    const field = (name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(html)![1]!
    expect(html).not.toContain('<script')
    const submit = () =>
      fetch(new URL('/account/security/claim', url), {
        method: 'POST',
        headers: { cookie },
        body: new URLSearchParams({
          ...{ csrf: field('csrf'), account: field('account'), token: field('token') },
          ...{ email: 'user@example.com', password: 'correct horse' },
        }),
      })
    expect((await submit()).status).toBe(200)
    const agent = new AtpAgent({ service: server.url })
    await agent.login({ identifier: 'user@example.com', password: 'correct horse' })
    expect(agent.session?.did).toBe(account)
    expect((await submit()).status).toBe(400)
    expect((await claim()).body).toMatchObject({ error: 'AlreadyClaimed' })
    const email = { did: account, email: 'platform@example.com' }
    expect(await post('dev.headwater.tenant.updateAccount', email)).toMatchObject({
      status: 403,
      body: { error: 'AlreadyClaimed' },
    })
  })
})
