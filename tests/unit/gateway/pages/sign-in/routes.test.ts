import { expect, it } from 'vitest'
import { openGateway } from '#tests/support/gateway.ts'
import { pagePorts } from '#tests/support/page-ports.ts'

const csrf = 'c'.repeat(32)

/** Posts a form to a target as it is in the request line; how often the pages were asked for. */
async function post(target: string) {
  let asked = 0
  const { app } = openGateway(
    {},
    {
      pages: {
        ...pagePorts({ now: () => 0 }),
        authorizationPage: async () => {
          asked += 1
          throw new Error('the test has no OAuth library')
        },
      },
    },
  )
  const init = {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      cookie: `security-form=${csrf}`,
    },
    body: new URLSearchParams({ csrf, do: 'sign-up' }).toString(),
  }
  const incoming = { url: target, socket: {}, headers: {} }
  const { status } = await app.request(target, init, { incoming })
  return { status, asked }
}

it('a sign-in page answers at its path', async () => {
  expect(await post('/account/sign-up?next=%2Fgroups')).toMatchObject({ asked: 1 })
})

it.each([
  '/account/sign%2Dup',
  '/account/./sign-up',
  '/account/x/../sign-up',
  '/%61ccount/sign-up',
  '/account/reset-passwor%64',
])('%s, by which no attempt would be counted, is no page', async (target) => {
  expect(await post(target)).toEqual({ status: 404, asked: 0 })
})
