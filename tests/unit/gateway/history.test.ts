/** The methods of dev.headwater.history through the gateway, on an account in this process. */
import { expect, it } from 'vitest'
import { accountActions } from '#actors/actions/account.ts'
import { deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { asAccount, did, type Gateway, get, openGateway, post } from '#tests/support/gateway.ts'
import { openTestAccount } from '#tests/support/open-account.ts'
import { exportedCar } from '#tests/support/repo-cars.ts'

const history = 'dev.headwater.history'
const collection = 'com.example.thing'
const record = (n: number) => ({ $type: collection, n })
const uri = `at://${did}/${collection}/one`

type Bound = Record<string, Record<string, (...args: never[]) => unknown>>

async function open() {
  const account = { ...(await openTestAccount()), did }
  const bound = Object.entries(accountActions as unknown as Bound).map(([group, actions]) => [
    group,
    Object.fromEntries(
      Object.entries(actions).map(([name, run]) => [
        name,
        (...args: never[]) => run(account as never, ...args),
      ]),
    ),
  ])
  const gateway = openGateway({ account: Object.fromEntries(bound) as Bound })
  return { account, gateway }
}

/** The body of an answer that is no error. */
async function ok(answer: Promise<Response>): Promise<Record<string, never>> {
  const response = await answer
  const text = await response.text()
  expect(response.status, text).toBe(200)
  return text === '' ? {} : JSON.parse(text)
}

const ask = (gateway: Gateway, name: string, params: Record<string, string> = {}) =>
  get(
    gateway,
    `${history}.${name}?${new URLSearchParams({ account: did, ...params })}`,
    asAccount(),
  )
const tell = (gateway: Gateway, name: string, input: object = {}) =>
  post(gateway, `${history}.${name}`, { account: did, ...input }, asAccount())

it('an account sees what its repo was, and makes it that again', async () => {
  const { account, gateway } = await open()
  const put = (n: number) => putRecord(account, { collection, rkey: 'one', record: record(n) })
  await put(1)
  const at = (await account.lane.head()).rev
  const car = await exportedCar(account)
  await put(2)
  await deleteRecord(account, { collection, rkey: 'one' })
  const { commits } = await ok(ask(gateway, 'listCommits', { limit: '3', collection }))
  expect(commits).toMatchObject([
    { ops: [{ action: 'delete', path: `${collection}/one`, cid: null }] },
    { ops: [{ action: 'update' }] },
    { ops: [{ action: 'create' }], rev: at },
  ])
  expect(await ok(ask(gateway, 'getDiff', { from: at }))).toMatchObject({
    ...{ from: at, total: 1 },
    changes: [{ uri, action: 'delete', before: { value: record(1) } }],
  })
  const one = { collection, rkey: 'one' }
  const { versions } = await ok(ask(gateway, 'getRecordVersions', one))
  expect(versions).toMatchObject([{ value: record(2) }, { value: record(1) }])
  const exported = await ask(gateway, 'getRepo', { at })
  expect(exported.headers.get('content-type')).toBe('application/vnd.ipld.car')
  expect(Buffer.compare(Buffer.from(await exported.arrayBuffer()), car)).toBe(0)
  const restored = await ok(tell(gateway, 'restoreRecords', { at, uris: [uri] }))
  expect(restored).toMatchObject({ records: [{ uri, result: 'restored' }] })
  await put(3)
  const plan = { at, creates: 0, updates: 1, deletes: 0, unavailable: 0 }
  expect(await ok(tell(gateway, 'restoreRepo', { at, dryRun: true }))).toEqual(plan)
  expect(await ok(tell(gateway, 'restoreRepo', { at, reason: 'a mistake' }))).toEqual(plan)
  await account.background.settled()
  expect(await ok(ask(gateway, 'getRestore'))).toMatchObject({
    restore: { by: did, total: 1, done: 1, left: 0 },
  })
  expect((await ok(ask(gateway, 'getDiff', { from: at })))['changes']).toEqual([])
})

it('an account deletes its past for good, and sets for how long it is kept', async () => {
  const { account, gateway } = await open()
  for (const n of [1, 2]) await putRecord(account, { collection, rkey: 'one', record: record(n) })
  await ok(tell(gateway, 'deleteVersions', { collection, rkey: 'one' }))
  await ok(tell(gateway, 'empty'))
  expect(await ok(ask(gateway, 'getSettings'))).toMatchObject({ days: 7, isOwn: false, bytes: 0 })
  expect(await ok(tell(gateway, 'putSettings', { days: 0 }))).toMatchObject({
    days: 0,
    isOwn: true,
  })
  expect(await (await ask(gateway, 'listCommits')).json()).toMatchObject({ error: 'HistoryOff' })
  expect(await ok(tell(gateway, 'putSettings'))).toMatchObject({ days: 7, isOwn: false })
})

it('others, app passwords and records of others are refused', async () => {
  const { gateway } = await open()
  const method = `${history}.listCommits?account=${did}`
  const other = await get(gateway, method, asAccount('did:plc:otherotherotherotherothe'))
  expect([other.status, await other.json()]).toMatchObject([403, { error: 'NotAMember' }])
  const app = asAccount(did, { scope: 'com.atproto.appPass' })
  expect((await get(gateway, method, app)).status).toBe(400)
  expect((await get(gateway, method)).status).toBe(401)
  const foreign = { at: '2026-01-01T00:00:00Z', uris: [`at://did:plc:other/${collection}/one`] }
  expect((await tell(gateway, 'restoreRecords', foreign)).status).toBe(400)
})
