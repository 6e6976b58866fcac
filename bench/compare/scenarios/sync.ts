/** com.atproto.sync: repos as relays read them, and the firehose from a cursor. */

import { accountInState, createAccount, writeRecord } from '../accounts.ts'
import { FirehoseRecorder } from '../firehose-recorder.ts'
import type { Scenario } from '../scenario.ts'

const sync = 'com.atproto.sync'
const thing = 'com.example.thing'

export const repos: Scenario = {
  name: 'sync',
  environment: 'alone',
  async run(client) {
    const account = await createAccount(client, 'sync-person')
    const { did } = account
    await writeRecord(client, account, 'one')
    const { body: latest } = await client.call('', `${sync}.getLatestCommit`, { query: { did } })
    await writeRecord(client, account, 'two')
    const ask = (what: string, method: string, query: Record<string, string | number> = { did }) =>
      client.call(what, `${sync}.${method}`, { query })
    const of = { did, collection: thing }
    for (const method of [
      'getRepo',
      'getHead',
      'getCheckout',
      'getRepoStatus',
      'getLatestCommit',
      'listBlobs',
    ]) {
      await ask('good', method)
      await ask('of an unknown account', method, { did: `did:plc:${'a'.repeat(24)}` })
      await ask('by handle', method, { did: account.handle })
    }
    await ask('since', 'getRepo', { did, since: latest.rev })
    await ask('since before', 'getRepo', { did, since: '3kaaaaaaaaa22' })
    await ask('since later', 'getRepo', { did, since: '3zzzzzzzzzzzz' })
    await ask('since nonsense', 'getRepo', { did, since: 'x' })
    await client
      .call('packed', `${sync}.getRepo`, { query: { did }, headers: { 'accept-encoding': 'gzip' } })
      .catch(() => {})
    await ask('there', 'getRecord', { ...of, rkey: 'one' })
    await ask('not there', 'getRecord', { ...of, rkey: 'gone' })
    await ask('a bad key', 'getRecord', { ...of, rkey: 'a/b' })
    await ask('no collection', 'getRecord', { ...of, rkey: 'one', collection: 'com.example.none' })
    await ask('the commit', 'getBlocks', { did, cids: latest.cid })
    const { body: now } = await client.request(`${sync}.getLatestCommit`, { query: { did } })
    await ask('the newest commit', 'getBlocks', { did, cids: now.cid })
    await client.call('two', `${sync}.getBlocks`, {
      query: `did=${did}&cids=${now.cid}&cids=${now.cid}`,
    })
    await client.call('with brackets', `${sync}.getBlocks`, {
      query: `did=${did}&cids[]=${now.cid}`,
    })
    await ask('a bad cid', 'getBlocks', { did, cids: 'x' })
    for (const query of [
      { limit: 1 },
      { limit: 0 },
      { limit: 1001 },
      { cursor: 'x' },
      { cursor: '1::did:plc:x', limit: 1 },
    ]) {
      const reply = await client.request(`${sync}.listRepos`, { query })
      const { repos, ...rest } = reply.body
      client.record(`${JSON.stringify(query)}: ${sync}.listRepos`, {
        status: reply.status,
        ...rest,
        first: repos?.[0] && Object.keys(repos[0]).sort(),
      })
    }
    await accountInState(client, 'deactivated', 'sync-asleep')
    await accountInState(client, 'takendown', 'sync-down')
    const { body } = await client.request(`${sync}.listRepos`, { query: { limit: 1000 } })
    client.record(
      'states in listRepos',
      body.repos
        .slice(-3)
        .map(({ active, status }: { active: boolean; status?: string }) => ({ active, status })),
    )
    await ask('', 'listHosts', {})
    await ask('of a service', 'subscribeRepos', {})
  },
}

export const firehose: Scenario = {
  name: 'firehose',
  environment: 'alone',
  async run(client) {
    const account = await createAccount(client, 'fire-person')
    await client.subscribe(account)
    const subscribe = async (what: string, query: string) => {
      const listener = await FirehoseRecorder.open(client.url, query)
      const events = await listener.take()
      const { closed } = listener
      listener.close()
      const shown = events.slice(-1).map(({ kind, fields }) => ({ kind, ...fields }))
      client.record(`${what}: firehose`, {
        closed,
        last: shown.filter(({ kind }) => kind !== '#commit'),
        any: events.length > 0,
      })
    }
    await subscribe('in the future', '?cursor=9007199254740991')
    await subscribe('no number', '?cursor=x')
    await subscribe('negative', '?cursor=-1')
    await subscribe('from the beginning', '?cursor=0')
    await subscribe('a fraction', '?cursor=1.5')
    await subscribe('empty', '?cursor=')
    await subscribe('nothing new', '')
    for (const path of [
      '/',
      '/xrpc/com.atproto.sync.getRepo',
      '/xrpc/com.atproto.label.subscribeLabels',
    ]) {
      const reply = await client
        .request(path, { headers: { connection: 'Upgrade', upgrade: 'websocket' } })
        .catch(() => 'cut off')
      client.record(`an upgrade of ${path}`, typeof reply === 'string' ? reply : reply.status)
    }
  },
}
