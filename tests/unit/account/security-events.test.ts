import { expect, it } from 'vitest'
import { addSecurityEvent, listSecurityEvents } from '#src/account/security-events.ts'
import { openTestAccount } from '#tests/support/open-account.ts'

const client = { ip: '192.0.2.7', userAgent: 'a browser' }

it('the security log keeps the newest 200 events', async () => {
  const account = await openTestAccount()
  for (let i = 0; i < 210; i++) {
    await account.sql.batch(
      addSecurityEvent(account, 'app password created', client, `number ${i}`),
    )
  }
  const { events } = await listSecurityEvents(account)
  expect(events).toHaveLength(200)
  expect(events[0]).toEqual({
    kind: 'app password created',
    at: '2026-01-01T00:00:00.000Z',
    ip: '192.0.2.7',
    userAgent: 'a browser',
    detail: 'number 209',
  })
  expect(events.at(-1)?.detail).toBe('number 10')
})

it('the security log keeps one of many sign-ins with the same app password from the same address', async () => {
  const account = await openTestAccount()
  const signIn = (ip: string, name: string) =>
    account.sql.batch(
      addSecurityEvent(account, 'app password sign in', { ip, userAgent: 'a bot' }, name),
    )
  for (let i = 0; i < 5; i++) await signIn('192.0.2.1', 'bot')
  await signIn('192.0.2.2', 'bot')
  await signIn('192.0.2.1', 'other')
  const { events } = await listSecurityEvents(account)
  expect(events.map(({ ip, detail }) => [ip, detail])).toEqual([
    ['192.0.2.1', 'other'],
    ['192.0.2.2', 'bot'],
    ['192.0.2.1', 'bot'],
  ])
})

it('the security log truncates text that callers provide', async () => {
  const account = await openTestAccount()
  const userAgent = 'x'.repeat(100_000)
  await account.sql.batch(addSecurityEvent(account, 'sign in', { userAgent }))
  const { events } = await listSecurityEvents(account)
  expect(events[0]?.userAgent).toHaveLength(300)
})
