import { expect, it } from 'vitest'
import {
  createDevice,
  readDevice,
  readDeviceWithAccounts,
  removeDevice,
  setDeviceAccount,
  updateDevice,
} from '#src/authorization/devices.ts'
import { findLexicon, removeLexicon, storeLexicon } from '#src/authorization/lexicons.ts'
import { MAX_UNLINKED_DEVICES } from '#src/authorization/shard.ts'
import { testShard } from '#tests/support/test-shard.ts'

const day = 24 * 60 * 60_000

async function withDevice() {
  const shard = testShard()
  const device = {
    sessionId: 'ses-1',
    userAgent: null,
    ipAddress: '203.0.113.7',
    lastSeenAt: shard.clock.now(),
  }
  await createDevice(shard, { id: 'dev-1', ...device })
  return { shard, device }
}

it('a device is stored with the accounts that may be signed in on it', async () => {
  const { shard, device } = await withDevice()
  const id = 'dev-1'
  for (const did of ['did:plc:b', 'did:plc:a', 'did:plc:b']) {
    await setDeviceAccount(shard, { id, did, signedIn: true })
  }
  await setDeviceAccount(shard, { id, did: 'did:plc:c', signedIn: false })
  await updateDevice(shard, { id, sessionId: 'ses-2', userAgent: 'a browser' })
  expect(await readDeviceWithAccounts(shard, { id })).toEqual({
    device: { ...device, sessionId: 'ses-2', userAgent: 'a browser' },
    dids: ['did:plc:a', 'did:plc:b'],
  })
  await setDeviceAccount(shard, { id, did: 'did:plc:a', signedIn: false })
  expect((await readDeviceWithAccounts(shard, { id }))?.dids).toEqual(['did:plc:b'])
  await removeDevice(shard, { id })
  expect(await readDeviceWithAccounts(shard, { id })).toBeNull()
})

it('a device without a signed-in account is deleted after an hour, any other after a year', async () => {
  const { shard, device } = await withDevice()
  await createDevice(shard, { id: 'dev-2', ...device })
  await setDeviceAccount(shard, { id: 'dev-2', did: 'did:plc:a', signedIn: true })
  shard.clock.time += 61 * 60_000
  await updateDevice(shard, { id: 'dev-3', userAgent: 'nobody' })
  expect(await readDevice(shard, { id: 'dev-1' })).toBeNull()
  expect(await readDevice(shard, { id: 'dev-2' })).not.toBeNull()
  shard.clock.time += 400 * day
  await updateDevice(shard, { id: 'dev-3', userAgent: 'nobody' })
  expect(await readDevice(shard, { id: 'dev-2' })).toBeNull()
})

it('one address has a quarter of a shard for its new browsers in an hour, and does not push out those of others', async () => {
  const { shard, device } = await withDevice()
  const create = (address: string, n: number) =>
    createDevice(shard, { id: `${address}-${n}`, ...device, address })
  for (let n = 0; n < MAX_UNLINKED_DEVICES / 4; n++) await create('203.0.113.7', n)
  const refused = { status: 429, headers: { 'retry-after': '3600' } }
  await expect(create('203.0.113.7', MAX_UNLINKED_DEVICES)).rejects.toMatchObject(refused)
  await create('203.0.113.8', 0)
  shard.clock.time += 60 * 60_000
  await create('203.0.113.7', MAX_UNLINKED_DEVICES)
})

it('the devices without a signed-in account that were least recently seen make room for new ones', async () => {
  const { shard, device } = await withDevice()
  await setDeviceAccount(shard, { id: 'dev-1', did: 'did:plc:a', signedIn: true })
  const lastSeenAt = device.lastSeenAt
  await fill(shard, `INSERT INTO device SELECT 'many-' || n, 'ses', NULL, '', ${lastSeenAt} + n`)
  const woken = testShard({ after: shard })
  await createDevice(woken, { id: 'dev-2', ...device, lastSeenAt: lastSeenAt + 1e6 })
  expect(await readDevice(woken, { id: 'dev-2' })).not.toBeNull()
  const left = await shard.sql.first<{ n: number }>('SELECT count(*) AS n FROM device')
  expect(left!.n).toBeLessThanOrEqual(MAX_UNLINKED_DEVICES + 1)
  const found = await Promise.all(
    ['dev-1', 'many-0', `many-${MAX_UNLINKED_DEVICES - 1}`].map((id) => readDevice(woken, { id })),
  )
  expect(found.map((one) => one !== null)).toEqual([true, false, true])
})

it('new browsers that come together make room once', async () => {
  const { shard, device } = await withDevice()
  await fill(
    shard,
    `INSERT INTO device SELECT 'many-' || n, 'ses', NULL, '', ${device.lastSeenAt} + n`,
  )
  // The first one fills the shard, and the others come while it is stored.
  await shard.sql.batch([{ sql: "DELETE FROM device WHERE id IN ('dev-1', 'many-0')" }])
  const woken = testShard({ after: shard })
  const ids = Array.from({ length: 20 }, (_, n) => `dev-new-${n}`)
  await Promise.all(ids.map((id) => createDevice(woken, { id, ...device })))
  await Promise.all(ids.map((id) => readDevice(woken, { id })))
  const left = await shard.sql.first<{ n: number }>('SELECT count(*) AS n FROM device')
  expect(left!.n).toBeGreaterThan(MAX_UNLINKED_DEVICES - 400)
  expect(left!.n).toBeLessThanOrEqual(MAX_UNLINKED_DEVICES + 1)
})

it('new browsers push out those of the addresses that fill a shard, and not one that was there before', async () => {
  const { shard, device } = await withDevice()
  await createDevice(shard, { id: 'dev-2', ...device, address: '203.0.113.7' })
  const create = (address: string, n: number) =>
    createDevice(shard, { id: `${address}-${n}`, ...device, address })
  for (const address of ['a', 'b', 'c', 'd', 'e']) {
    for (let n = 0; n < MAX_UNLINKED_DEVICES / 4; n++) await create(address, n)
  }
  expect(await readDevice(shard, { id: 'dev-2' })).not.toBeNull()
  expect(await readDevice(shard, { id: `e-${MAX_UNLINKED_DEVICES / 4 - 1}` })).not.toBeNull()
  const left = await shard.sql.first<{ n: number }>('SELECT count(*) AS n FROM device')
  expect(left!.n).toBeLessThanOrEqual(MAX_UNLINKED_DEVICES + 1)
})

it('the permission sets that were least recently resolved make room for new ones', async () => {
  const { shard } = await withDevice()
  const now = shard.clock.now()
  await fill(
    shard,
    `INSERT INTO lexicon SELECT 'com.example.n' || n, '{"lastSucceededAt":1}', ${now} - 9000 + n`,
  )
  await storeLexicon(testShard({ after: shard }), {
    nsid: 'com.example.new',
    data: '{"lastSucceededAt":1}',
  })
  const left = await shard.sql.first<{ n: number }>('SELECT count(*) AS n FROM lexicon')
  expect(left!.n).toBe(500)
  expect(await findLexicon(shard, { nsid: 'com.example.n0' })).toBeNull()
  expect(await findLexicon(shard, { nsid: 'com.example.new' })).toBe('{"lastSucceededAt":1}')
})

it('failed lookups of permission sets make room before those that were resolved', async () => {
  const { shard } = await withDevice()
  const resolved = `'{"lastSucceededAt":1}'`
  const failed = '{"lastSucceededAt":null,"lexicon":null}'
  await fill(
    shard,
    `INSERT INTO lexicon SELECT 'com.example.n' || n, ${resolved}, ${shard.clock.now()} - 9000 + n`,
    400,
  )
  const woken = testShard({ after: shard })
  for (let n = 0; n < 150; n++)
    await storeLexicon(woken, { nsid: `com.example.f${n}`, data: failed })
  const count = async () => {
    const found = await shard.sql.all<{ failed: number }>(
      "SELECT data LIKE '%null%' AS failed FROM lexicon",
    )
    return [found.filter((row) => !row.failed).length, found.filter((row) => row.failed).length]
  }
  const [left, failures] = await count()
  expect(left).toBe(400)
  expect(failures).toBeLessThanOrEqual(100)
  for (let n = 0; n < 110; n++) {
    await storeLexicon(woken, { nsid: `com.example.r${n}`, data: '{"lastSucceededAt":1}' })
  }
  expect(await count()).toEqual([500, 0])
  await storeLexicon(woken, { nsid: 'com.example.last', data: failed })
  expect(await count()).toEqual([500, 0])
  expect(await findLexicon(woken, { nsid: 'com.example.n9' })).toBeNull()
  expect(await findLexicon(woken, { nsid: 'com.example.n10' })).not.toBeNull()
})

/** Inserts a row for each `n` below `count`; by default the largest bound of any table. */
async function fill(
  shard: ReturnType<typeof testShard>,
  insert: string,
  count = MAX_UNLINKED_DEVICES,
): Promise<void> {
  const numbers = `WITH RECURSIVE r(n) AS
    (SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < ${count - 1})`
  const [into, select] = insert.split(' SELECT ', 2)
  await shard.sql.batch([{ sql: `${into} ${numbers} SELECT ${select} FROM r` }])
}

it('a permission set is stored as it was last resolved', async () => {
  const { shard } = await withDevice()
  const nsid = 'com.example.authBasic'
  expect(await findLexicon(shard, { nsid })).toBeNull()
  await storeLexicon(shard, { nsid, data: '{"a":1}' })
  await storeLexicon(shard, { nsid, data: '{"a":2}' })
  expect(await findLexicon(shard, { nsid })).toBe('{"a":2}')
  await removeLexicon(shard, { nsid })
  expect(await findLexicon(shard, { nsid })).toBeNull()
})

it.each([
  ['it is stored', false],
  ['storing it has failed', true],
])('a read of a new device waits until %s', async (_, fails) => {
  const gate = Promise.withResolvers<void>()
  let isHeld = true
  const shard = testShard({
    onBatch: (when) => (isHeld && when === 'before' ? gate.promise : undefined),
  })
  const lastSeenAt = shard.clock.now()
  const device = { sessionId: 'ses-1', userAgent: null, ipAddress: '203.0.113.7', lastSeenAt }
  await createDevice(shard, { id: 'dev-1', ...device })
  let found: unknown = 'not read'
  const read = readDevice(shard, { id: 'dev-1' }).then((answer) => {
    found = answer
  })
  await new Promise(setImmediate)
  expect(found).toBe('not read')
  isHeld = false
  if (fails) gate.reject(new Error('the engine is away'))
  else gate.resolve()
  await read
  expect(found).toEqual(fails ? null : device)
})

it('if 1,000 new devices are not stored yet, the next one waits until it is', async () => {
  const gate = Promise.withResolvers<void>()
  const shard = testShard({ onBatch: (when) => (when === 'before' ? gate.promise : undefined) })
  const lastSeenAt = shard.clock.now()
  const device = { sessionId: 'ses-1', userAgent: null, ipAddress: '203.0.113.7', lastSeenAt }
  for (let n = 0; n < 1_000; n++) await createDevice(shard, { id: `dev-${n}`, ...device })
  let isStored = false
  const last = createDevice(shard, { id: 'last', ...device }).then(() => {
    isStored = true
  })
  await new Promise(setImmediate)
  expect(isStored).toBe(false)
  gate.resolve()
  await last
  expect(await readDevice(shard, { id: 'last' })).toEqual(device)
})
