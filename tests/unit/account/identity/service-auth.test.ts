import { expect, it } from 'vitest'
import { getServiceAuth } from '#src/account/identity/service-auth.ts'
import { changeState, type StateChange } from '#src/account/lifecycle/change-state.ts'
import { deleteAccount } from '#src/account/lifecycle/delete-account.ts'
import { type OpenAccount, openTestAccount } from '#tests/support/open-account.ts'
import { decodeToken } from '#tests/support/session-tokens.ts'

const aud = 'did:web:example.com'
const methods = {
  any: undefined,
  'chat.bsky.convo.sendMessage': 'chat.bsky.convo.sendMessage',
  createReport: 'com.atproto.moderation.createReport',
  'createReport in other case': 'com.atproto.moderation.createreport',
  createAccount: 'com.atproto.server.createAccount',
}

async function outcomes(account: OpenAccount): Promise<Record<string, string>> {
  const outcomes = Object.entries(methods).map(async ([name, lxm]) => {
    const outcome = await getServiceAuth(account, { aud, ...(lxm && { lxm }) }).then(
      ({ token }) => `for ${decodeToken(token).claims['lxm']}`,
      ({ status, error }) => `${status} ${error}`,
    )
    return [name, outcome]
  })
  return Object.fromEntries(await Promise.all(outcomes))
}

const all = Object.fromEntries(
  Object.entries(methods).map(([name, lxm]) => [name, `for ${lxm}`] as const),
)
const none = (error: string) =>
  Object.fromEntries(Object.keys(methods).map((name) => [name, error] as const))
const leaving = {
  ...none('401 AccountTakedown'),
  createReport: `for ${methods.createReport}`,
  createAccount: `for ${methods.createAccount}`,
}

it.each<[string, StateChange, Record<string, string>]>([
  ['active', {}, all],
  ['deactivated', { active: false }, all],
  ['taken down', { takedownRef: 'spam' }, leaving],
  ['suspended', { suspended: true }, leaving],
])(
  'an account that is %s signs service tokens for what it may do only',
  async (_, change, expected) => {
    const account = await openTestAccount()
    await changeState(account, change)
    expect(await outcomes(account)).toEqual(expected)
  },
)

it('a deleted account signs no service tokens', async () => {
  const account = await openTestAccount()
  await deleteAccount(account)
  expect(await outcomes(account)).toEqual(none('403 AccountNotFound'))
})
