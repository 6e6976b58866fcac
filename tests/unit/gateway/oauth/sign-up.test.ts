import { expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { accountStore } from '#src/gateway/oauth/account-store.ts'
import { withRequestContext } from '#src/gateway/oauth/request-context.ts'
import { openGateway } from '#tests/support/gateway.ts'

it('a sign-up on the page has the address of its client, and is refused with Retry-After beyond the bounds', async () => {
  const addresses: unknown[] = []
  const { server } = openGateway(
    {},
    {
      server: {
        createAccount: async (...input: unknown[]) => {
          addresses.push(input[2])
          throw new XrpcError(429, 'RateLimitExceeded', 'Rate Limit Exceeded', {
            'retry-after': '90',
          })
        },
      } as never,
    },
  )
  const retryAfter: string[] = []
  const context = {
    client: { ip: '203.0.113.7' },
    cookie: undefined,
    retryAfter: (seconds: string) => void retryAfter.push(seconds),
  }
  const store = accountStore(server, {} as never, {} as never)
  const input = { handle: 'amy.test', email: 'amy@example.com', password: 'hunter2' }
  const refused = withRequestContext(context, () => store.createAccount(input as never))
  await expect(refused).rejects.toMatchObject({
    status: 429,
    error: 'temporarily_unavailable',
    error_description: 'Too many accounts were created here lately, please try again later',
  })
  expect([addresses, retryAfter]).toEqual([['203.0.113.7'], ['90']])
})
