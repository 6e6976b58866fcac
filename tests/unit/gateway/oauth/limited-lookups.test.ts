import { OAuthError } from '@atproto/oauth-provider/errors'
import { expect, it } from 'vitest'
import { limitedLookups } from '#src/gateway/oauth/limited-lookups.ts'
import { withRequestContext } from '#src/gateway/oauth/request-context.ts'
import { KeySlots } from '#src/ports/key-slots.ts'

const notFound = new Error('not found')

/** What a second lookup rejects with if one is allowed. */
function secondLookup(isPushed: boolean): Promise<unknown> {
  const slots = new KeySlots({ max: 1, maxPerKey: 9, maxWaitingPerKey: 9 })
  const limit = limitedLookups(slots, () => 'an address')
  const fail = () => notFound
  void limit(() => new Promise(() => {}), fail)
  return withRequestContext({ client: {}, cookie: undefined, isPushed }, () =>
    limit(async () => 'found', fail).catch((error: unknown) => error),
  )
}

it('a pushed request waits for no more lookups of permission sets than the bound: it is refused with 503', async () => {
  const refused = await secondLookup(true)
  expect(refused).toBeInstanceOf(OAuthError)
  expect(refused).toMatchObject({ error: 'temporarily_unavailable', status: 503 })
})

it('a refresh is not refused if too many permission sets are being looked up: its lookup finds nothing', async () => {
  expect(await secondLookup(false)).toBe(notFound)
})

it('a lookup of a permission set that fails rejects with its own error', async () => {
  const slots = new KeySlots({ max: 1, maxPerKey: 1, maxWaitingPerKey: 1 })
  const limit = limitedLookups(slots, () => undefined)
  const failing = limit(
    () => Promise.reject(new Error('no DNS')),
    () => notFound,
  )
  await expect(failing).rejects.toThrow('no DNS')
})
