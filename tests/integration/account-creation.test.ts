import { AtpAgent } from '@atproto/api'
import { decodeAll } from '@atproto/lex-cbor'
import { expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createTestAccount, startServer, type TestAccount } from '#tests/support/server.ts'

const count = 30
const atOnce = 8
const kinds = ['#identity', '#account', '#commit', '#sync']

/** Creates the accounts, eight at a time. */
async function createMany(
  server: Parameters<typeof createTestAccount>[0],
  name: string,
  onCreated: (account: TestAccount) => Promise<unknown> = async () => {},
): Promise<TestAccount[]> {
  const names = Array.from({ length: count }, (_, i) => `${name}${i}`)
  const accounts: TestAccount[] = []
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let next = names.pop(); next !== undefined; next = names.pop()) {
        const account = await createTestAccount(server, next)
        accounts.push(account)
        await onCreated(account)
      }
    }),
  )
  return accounts
}

/** The kinds of all events since the beginning, by account; updated as events come. */
function follow(url: string): Map<string, string[]> {
  const seen = new Map<string, string[]>()
  const address = `${url.replace('http', 'ws')}/xrpc/com.atproto.sync.subscribeRepos?cursor=0`
  new WebSocket(address).on('message', (data: Buffer) => {
    const [header, body] = [...decodeAll(data)] as unknown as [
      { t: string },
      { did?: string; repo?: string },
    ]
    const did = body.did ?? body.repo ?? ''
    seen.set(did, [...(seen.get(did) ?? []), header.t])
  })
  return seen
}

async function expectWhole(url: string, accounts: readonly TestAccount[]): Promise<void> {
  const seen = follow(url)
  const events = () => accounts.map(({ did }) => (seen.get(did) ?? []).slice(0, 4))
  await expect.poll(events, { timeout: 40_000 }).toEqual(accounts.map(() => kinds))
  const [some] = accounts
  const { data } = await new AtpAgent({ service: url }).com.atproto.sync.getRepoStatus({
    did: some!.did,
  })
  expect(data.active).toBe(true)
  for (const { did } of accounts) {
    const firsts = seen.get(did)!.filter((kind) => kind !== '#commit')
    expect(firsts).toEqual(kinds.filter((kind) => kind !== '#commit'))
  }
}

it('new accounts take writes at once, and announce themselves once', async () => {
  await using server = await startServer()
  const accounts = await createMany(server, 'early', ({ agent }) => agent.post({ text: 'first' }))
  for (const { agent, did } of accounts.slice(0, 3)) {
    const { data } = await agent.com.atproto.repo.listRecords({
      repo: did,
      collection: 'app.bsky.feed.post',
    })
    expect(data.records).toHaveLength(1)
  }
  await expectWhole(server.url, accounts)
})

// The short form has `tests/fault/random-crashes.test.ts`, with one process.
const isLong = process.env['FAULT_ROUNDS'] !== undefined
it.skipIf(!isLong)(
  'accounts whose processes are killed right after createAccount exist after the restart',
  async () => {
    await using server = await startServer({ roles: 'split' })
    const accounts = await createMany(server, 'late')
    await server.kill9()
    await server.start()
    await expectWhole(server.url, accounts)
    for (const { agent, handle, password } of accounts.slice(0, 3)) {
      await agent.login({ identifier: handle, password })
      await agent.post({ text: 'still here' })
    }
    await server.kill9()
    await server.start()
    await expectWhole(server.url, accounts)
  },
)
