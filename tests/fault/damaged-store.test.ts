import { closeSync, openSync, readdirSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createAccounts } from '#tests/support/crash-test.ts'
import { post } from '#tests/support/records.ts'
import { startServer, type TestAccount, type TestServer } from '#tests/support/server.ts'
import { Subscription } from '#tests/support/subscription.ts'
import { call } from '#tests/support/xrpc-call.ts'

const WAIT = { timeout: 60_000, interval: 100 }
const collection = 'app.bsky.feed.post'

const write = async ({ agent, did }: TestAccount) => {
  const record = post('hello')
  return (await agent.com.atproto.repo.createRecord({ repo: did, collection, record })).data
}

/** Overwrites 16 bytes in the middle of the newest log of the engine's store. */
function damage({ dir }: TestServer): void {
  const folder = join(dir, 'engine/db')
  const logs = readdirSync(folder).filter((name) => /^\d+\.log$/.test(name))
  const path = join(folder, logs.sort().at(-1)!)
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.alloc(16, 0xff), 0, 16, Math.floor(statSync(path).size / 2))
  closeSync(file)
}

it('a server whose store lost its end says so, and announces every account under a newer rev than any that was lost', async () => {
  await using server = await startServer()
  const accounts = await createAccounts(server, 3)
  const kept = await Promise.all(accounts.map(write))
  // What was written before a start is no longer in the newest log.
  await server.restart()
  const last = new Map<string, { rev: string; uri: string }>()
  for (let i = 0; i < 20; i++) {
    for (const account of accounts) {
      const { uri, commit } = await write(account)
      last.set(account.did, { uri, rev: commit!.rev })
    }
  }
  await server.stop()
  damage(server)
  await server.start()
  await expect.poll(() => server.logs, WAIT).toContain('THE STORE HAS LOST ITS END')
  await expect.poll(() => server.logs, WAIT).toContain('all accounts were announced to relays')

  using live = new Subscription(server, 0)
  for (const [i, { did, agent }] of accounts.entries()) {
    const { uri, rev } = last.get(did)!
    const [repo, , rkey] = uri.split('/').slice(2) as [string, string, string]
    await expect(agent.com.atproto.repo.getRecord({ repo, collection, rkey })).rejects.toThrow()
    const [, , keptKey] = kept[i]!.uri.split('/').slice(2) as [string, string, string]
    await agent.com.atproto.repo.getRecord({ repo, collection, rkey: keptKey })
    const { data: latest } = await agent.com.atproto.sync.getLatestCommit({ did })
    expect(latest.rev > rev).toBe(true)
    const sync = () => live.eventsOf(did).findLast(({ kind }) => kind === '#sync')?.body
    await expect.poll(sync, WAIT).toMatchObject({ rev: latest.rev })
    expect((await write(accounts[i]!)).commit!.rev > latest.rev).toBe(true)
  }
  const health = (await call(server, '/xrpc/_health', { query: 'storage' })).body
  expect(health).toMatchObject({ status: 'ok', storage: { complete: true } })

  // The next start finds what the last stop noted.
  const before = server.logs.length
  await server.restart()
  await call(server, '/xrpc/_health', { query: 'storage' })
  expect(server.logs.slice(before)).not.toContain('LOST ITS END')
})
