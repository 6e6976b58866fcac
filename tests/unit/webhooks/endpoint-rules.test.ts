/** What an endpoint may ask for, how its messages are signed, and when one is tried again. */
import { Webhook } from 'standardwebhooks'
import { describe, expect, it } from 'vitest'
import { createKeychain } from '#src/ports/keychain.ts'
import { isWanted, mustBeFilter } from '#src/webhooks/event-filter.ts'
import {
  MAX_ATTEMPTS,
  nextAttemptAt,
  RETRY_DELAYS_MS,
  retryAfterMs,
} from '#src/webhooks/retries.ts'
import { mustBeSecret, openSecrets, sealSecret, signaturesOf } from '#src/webhooks/secrets.ts'

const secretOf = (byte: number, length = 32) =>
  `whsec_${Buffer.alloc(length, byte).toString('base64')}`

describe('filters', () => {
  const posts = { types: ['record.*'], collections: ['app.bsky.feed.post', 'com.example.*'] }

  it.each([
    [{ types: ['*'], collections: [] }],
    [{ types: ['account.created', 'session.*'], collections: [] }],
    [{ types: ['record.takendown'], collections: [] }],
    [posts],
  ])('%j is one', (filter) => {
    expect(() => mustBeFilter(filter)).not.toThrow()
  })

  it.each([
    [{ types: [], collections: [] }, 'needs 1 to 50 types'],
    [{ types: ['account.creatd'], collections: [] }, 'Unknown type: account.creatd'],
    [{ types: ['webhook.test'], collections: [] }, 'Unknown type'],
    [{ types: ['record.*'], collections: [] }, 'need collections'],
    [{ types: ['record.created'], collections: ['no nsid'] }, 'Not a collection'],
    [{ types: ['account.*'], collections: ['app.bsky.feed.post'] }, 'need types of records'],
    [{ types: ['record.*'], collections: Array(101).fill('a.b.c') }, 'At most 100 collections'],
  ])('a filter is refused: %#', (filter, message) => {
    expect(() => mustBeFilter(filter)).toThrow(message)
  })

  it('a star stands for all types but those of records in commits', () => {
    const all = { types: ['*'], collections: [] }
    expect(isWanted(all, 'account.created')).toBe(true)
    expect(isWanted(all, 'record.created', 'app.bsky.feed.post')).toBe(false)
  })

  it('records are wanted by collection', () => {
    const wanted = (collection: string) => isWanted(posts, 'record.created', collection)
    expect(wanted('app.bsky.feed.post')).toBe(true)
    expect(wanted('app.bsky.feed.postgate')).toBe(false)
    expect(wanted('com.example.thing')).toBe(true)
    expect(wanted('com.examples.thing')).toBe(false)
    expect(isWanted(posts, 'account.created')).toBe(false)
  })
})

describe('signatures', () => {
  const message = { id: 'msg_1', timestamp: Math.floor(Date.now() / 1_000), body: '{"a":1}' }
  const headers = (secrets: string[]) => ({
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestamp),
    'webhook-signature': signaturesOf(message, secrets),
  })

  it('the library of Standard Webhooks verifies a message by each of its secrets', () => {
    const both = headers([secretOf(1), secretOf(2)])
    for (const byte of [1, 2]) {
      expect(new Webhook(secretOf(byte)).verify(message.body, both)).toEqual({ a: 1 })
    }
    expect(() => new Webhook(secretOf(3)).verify(message.body, both)).toThrow()
    expect(() => new Webhook(secretOf(1)).verify('{"a":2}', both)).toThrow()
  })

  it('secrets are sealed for their endpoint, and those that have ended are not used', () => {
    const keys = createKeychain(Buffer.alloc(32, 7))
    const of = { endpoint: 'we_1', now: 1_000 }
    const sealed = [1, 2].map((byte) => sealSecret(keys, secretOf(byte), of))
    expect(JSON.stringify(sealed)).not.toContain(secretOf(1).slice(6, 30))
    const rotated = [sealed[0]!, { ...sealed[1]!, expiresAt: 2_000 }]
    expect(openSecrets(keys, rotated, { ...of, now: 1_999 })).toEqual([secretOf(1), secretOf(2)])
    expect(openSecrets(keys, rotated, { ...of, now: 2_000 })).toEqual([secretOf(1)])
    expect(() => openSecrets(keys, sealed, { ...of, endpoint: 'we_2' })).toThrow('cannot be opened')
  })

  it.each([['whsec_'], ['abc'], [secretOf(1, 23)], [secretOf(1, 65)], [`${secretOf(1)} `]])(
    '%j is no secret',
    (text) => {
      expect(() => mustBeSecret(text)).toThrow('A secret must be')
    },
  )

  it.each([[secretOf(1, 24)], [secretOf(1, 64)]])('%s is a secret', (text) => {
    expect(() => mustBeSecret(text)).not.toThrow()
  })
})

describe('retries', () => {
  const hours = (count: number) => count * 3_600_000

  it('a delivery is tried ten times, at the times of the specification', () => {
    const delays = Array.from({ length: MAX_ATTEMPTS }, (_, i) => {
      return nextAttemptAt(i + 1, { now: 0, random: 0 })
    })
    expect(delays).toEqual([
      ...[5_000, 300_000, 1_800_000],
      ...[2, 5, 10, 14, 20, 24].map(hours),
      undefined,
    ])
  })

  it('up to a tenth of the delay is added', () => {
    for (const [i, delay] of RETRY_DELAYS_MS.entries()) {
      expect(nextAttemptAt(i + 1, { now: 100, random: 0.5 })).toBe(100 + delay * 1.05)
    }
  })

  it('an endpoint may ask for more time, but not for more than a day, and not for less', () => {
    const at = (ms: number) => nextAttemptAt(1, { now: 0, random: 0, retryAfterMs: ms })
    expect(at(60_000)).toBe(60_000)
    expect(at(1_000)).toBe(5_000)
    expect(at(hours(100))).toBe(hours(24))
  })

  it.each([
    ['120', 120_000],
    ['Thu, 01 Jan 1970 00:01:00 GMT', 60_000],
    ['soon', undefined],
    ['-1', undefined],
    [null, undefined],
  ])('retry-after: %s', (header, ms) => {
    expect(retryAfterMs(header, 0)).toBe(ms)
  })
})
