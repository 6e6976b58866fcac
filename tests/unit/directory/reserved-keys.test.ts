import { describe, expect, it } from 'vitest'
import { findReservedKey, reserveKey } from '#src/directory/reserved-keys.ts'
import { type TestDirectory, testDirectory } from '#tests/support/test-directory.ts'

const HOUR = 60 * 60_000
const DAY = 24 * HOUR

function key(name: string, signingKeyDid = name) {
  return { name, signingKey: Uint8Array.of(1), signingKeyDid }
}

/** Stores that many keys of a kind, as if they had been reserved now. */
async function fill({ sql, clock }: TestDirectory, prefix: string, count: number) {
  const fillRows = `INSERT INTO reserved_key (name, signing_key, signing_key_did, created_at)
    WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ?)
    SELECT ? || i, x'01', 'did:key:filled' || i, ? FROM n`
  await sql.batch([{ sql: fillRows, params: [count, prefix, clock.now()] }])
}

const stored = (directory: TestDirectory, name: string) =>
  findReservedKey(directory, { names: [name] })

describe('reserveKey', () => {
  it('reserveKey answers the key that a DID has already', async () => {
    const directory = testDirectory()
    await reserveKey(directory, key('did:plc:alice', 'did:key:one'))
    expect(await reserveKey(directory, key('did:plc:alice', 'did:key:two'))).toEqual({
      signingKeyDid: 'did:key:one',
    })
    expect(await stored(directory, 'did:plc:alice')).toMatchObject({ signingKeyDid: 'did:key:one' })
  })

  it.each([
    ['without a DID', 'did:key:', 20_000],
    ['for a DID', 'did:plc:', 80_000],
  ])(
    'keys %s are refused with 503 beyond their bound, and stored before',
    async (_, prefix, max) => {
      const directory = testDirectory()
      await fill(directory, prefix, max - 1)
      await reserveKey(directory, key(`${prefix}last`))
      expect(await stored(directory, `${prefix}last`)).not.toBeNull()
      await expect(reserveKey(directory, key(`${prefix}more`))).rejects.toMatchObject({
        status: 503,
      })
      expect(await stored(directory, `${prefix}more`)).toBeNull()
      const others = prefix === 'did:key:' ? 'did:plc:' : 'did:key:'
      expect(await reserveKey(directory, key(`${others}other`))).toBeDefined()
    },
  )

  it('keys that are reserved at once do not exceed the bound', async () => {
    const directory = testDirectory()
    await fill(directory, 'did:key:', 19_995)
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, i) => reserveKey(directory, key(`did:key:new${i}`))),
    )
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    const row = await directory.sql.first('SELECT count(*) AS keys FROM reserved_key')
    expect(row).toEqual({ keys: 20_000 })
  })

  it('the admin may reserve more keys', async () => {
    const directory = testDirectory()
    await fill(directory, 'did:key:', 20_000)
    await reserveKey(directory, { ...key('did:key:admin'), isAdmin: true })
    expect(await stored(directory, 'did:key:admin')).not.toBeNull()
    await fill(directory, 'did:key:x', 1_000)
    directory.clock.time += 10 * 60_000
    const another = { ...key('did:key:another'), isAdmin: true }
    await expect(reserveKey(directory, another)).rejects.toMatchObject({ status: 503 })
  })

  it('a key without a DID expires after an hour, and one for a DID after 30 days', async () => {
    const directory = testDirectory()
    await reserveKey(directory, key('did:key:alice'))
    await reserveKey(directory, key('did:plc:alice', 'did:key:one'))
    directory.clock.time += HOUR + 1
    await reserveKey(directory, key('did:plc:bob', 'did:key:two'))
    expect(await stored(directory, 'did:key:alice')).toBeNull()
    expect(await stored(directory, 'did:plc:alice')).not.toBeNull()
    directory.clock.time += 30 * DAY
    await reserveKey(directory, key('did:plc:carol', 'did:key:three'))
    expect(await stored(directory, 'did:plc:alice')).toBeNull()
  })

  it('there is room again when keys have expired', async () => {
    const directory = testDirectory()
    await fill(directory, 'did:key:', 20_000)
    await expect(reserveKey(directory, key('did:key:more'))).rejects.toMatchObject({ status: 503 })
    directory.clock.time += HOUR + 1
    expect(await reserveKey(directory, key('did:key:more'))).toBeDefined()
  })
})
