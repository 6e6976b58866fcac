import { expect, it } from 'vitest'
import { asAccount, asAdmin, did, get, openGateway, outcome } from '#tests/support/gateway.ts'

const checkSignupQueue = 'com.atproto.temp.checkSignupQueue'

it.each(['com.atproto.access', 'com.atproto.appPass', 'com.atproto.signupQueued'])(
  'checkSignupQueue says that an account with the scope %s is activated',
  async (scope) => {
    const response = await get(openGateway(), checkSignupQueue, asAccount(did, { scope }))
    expect([response.status, await response.json()]).toEqual([200, { activated: true }])
  },
)

it('checkSignupQueue requires an account', async () => {
  const anonymous = get(openGateway(), checkSignupQueue)
  expect(await outcome(anonymous)).toMatchObject({ status: 401, error: 'AuthMissing' })
  const admin = get(openGateway(), checkSignupQueue, asAdmin())
  expect(await outcome(admin)).toMatchObject({ status: 400, error: 'InvalidToken' })
})
