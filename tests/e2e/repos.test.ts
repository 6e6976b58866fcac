import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  adminPassword,
  createTestAccount,
  startServer,
  type TestAccount,
  type TestServer,
} from '#tests/support/server.ts'
import { call, statusAndError } from '#tests/support/xrpc-call.ts'

const unknownDid = 'did:plc:aaaaaaaaaaaaaaaaaaaaaaaa'
const admin = (password: string) => `Basic ${Buffer.from(`admin:${password}`).toString('base64')}`

let server: TestServer
let accounts: TestAccount[]
beforeAll(async () => {
  server = await startServer()
  accounts = []
  for (const name of ['alice', 'bob', 'carol', 'dan', 'eve']) {
    accounts.push(await createTestAccount(server, name))
  }
})
afterAll(() => server.remove())

const latest = async ({ agent, did }: TestAccount) =>
  (await agent.com.atproto.sync.getLatestCommit({ did })).data

describe('listRepos', () => {
  const list = async (query: Record<string, string>) => {
    const { body } = await call(server, 'sync.listRepos', { query })
    return body as { cursor?: string; repos: { did: string; head: string; rev: string }[] }
  }

  it('listRepos returns every repo with its head, the oldest first', async () => {
    const expected = accounts.map(async (account) => {
      const { cid: head, rev } = await latest(account)
      return { did: account.did, head, rev, active: true }
    })
    const repos = async () => (await list({})).repos
    await expect.poll(repos).toEqual(await Promise.all(expected))
  })

  it.each(['1', '2', '5', '1000'])(
    'listRepos returns each repo once, in pages of %s',
    async (limit) => {
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = await list({ limit, ...(cursor && { cursor }) })
        expect(page.repos.length).toBeLessThanOrEqual(Number(limit))
        seen.push(...page.repos.map(({ did }) => did))
        cursor = page.cursor
      } while (cursor !== undefined)
      expect(seen).toEqual(accounts.map(({ did }) => did))
    },
  )

  it('listRepos continues from its last cursor when there are new repos', async () => {
    const { cursor } = await list({})
    expect(cursor).toMatch(/^\d{13}::did:plc:/)
    const frank = await createTestAccount(server, 'frank')
    accounts.push(frank)
    const newer = async () => (await list({ cursor: cursor! })).repos.map(({ did }) => did)
    await expect.poll(newer).toEqual([frank.did])
  })

  it('listRepos shows a write within a moment', async () => {
    const { agent, did } = accounts[1]!
    const { data } = await agent.com.atproto.repo.createRecord({
      repo: did,
      collection: 'com.example.thing',
      record: {},
    })
    const head = async () => (await list({})).repos[1]?.head
    await expect.poll(head).toBe(data.commit?.cid)
  })

  it.each([
    ['cursor', 'nonsense'],
    ['cursor', '5::nonsense'],
    ['cursor', '-1::did:plc:a'],
    ['cursor', `${'9'.repeat(40)}::did:plc:a`],
    ['limit', '0'],
    ['limit', '1001'],
    ['limit', '1.5'],
  ])('listRepos rejects the %s %s', async (name, value) => {
    const attempt = call(server, 'sync.listRepos', { query: { [name]: value } })
    expect(await statusAndError(attempt)).toEqual([400, 'InvalidRequest'])
  })
})

describe('getLatestCommit, getHead and getRepoStatus', () => {
  it('getLatestCommit, getHead and getRepoStatus return the head of a repo', async () => {
    const [{ agent, did }] = accounts as [TestAccount]
    const { data } = await agent.com.atproto.repo.createRecord({
      repo: did,
      collection: 'com.example.thing',
      record: {},
    })
    expect(await latest(accounts[0]!)).toEqual(data.commit)
    const head = await call(server, 'sync.getHead', { query: { did } })
    expect(head.body).toEqual({ root: data.commit!.cid })
    const status = await call(server, 'sync.getRepoStatus', { query: { did } })
    expect(status.body).toEqual({ did, active: true, rev: data.commit!.rev })
  })
})

const reads = ['getLatestCommit', 'getHead', 'getRepo', 'getCheckout', 'getRecord', 'getBlocks']

describe('reads of one repo', () => {
  const cids = 'bafyreigaknpexyvxt76zgkitavbwx6ejgfheup5oybpm77f3pxzrvwpfdi'
  const ask = (method: string, did: string, as?: string) => {
    const query = { did, cids, collection: 'com.example.thing', rkey: 'x' }
    return call(server, `sync.${method}`, { query, as })
  }

  it.each([...reads, 'getRepoStatus'])('%s rejects an unknown repo', async (method) => {
    expect(await statusAndError(ask(method, unknownDid))).toEqual([400, 'RepoNotFound'])
    expect(await statusAndError(ask(method, 'nonsense'))).toEqual([400, 'InvalidRequest'])
    expect(await statusAndError(ask(method, 'alice.test'))).toEqual([400, 'InvalidRequest'])
  })

  it.each(reads)('%s rejects invalid credentials', async (method) => {
    const { did, agent } = accounts[0]!
    expect(await statusAndError(ask(method, did, admin('wrong')))).toEqual([
      401,
      'AuthenticationRequired',
    ])
    expect(await statusAndError(ask(method, did, 'Bearer nonsense'))).toEqual([400, 'InvalidToken'])
    const own = await ask(method, did, `Bearer ${agent.session?.accessJwt}`)
    const asAdmin = await ask(method, did, admin(adminPassword))
    // getBlocks answers that the blocks are missing: the call itself is allowed.
    expect([own.status, asAdmin.status]).toEqual(method === 'getBlocks' ? [400, 400] : [200, 200])
    expect(own.error).toBe(asAdmin.error)
  })
})
