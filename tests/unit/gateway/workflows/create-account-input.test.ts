import { expect, it } from 'vitest'
import { findAccount } from '#src/directory/accounts.ts'
import { createAccount } from '#src/gateway/workflows/create-account.ts'
import { logIn } from '#src/gateway/workflows/log-in.ts'
import { AccountCreationFixture } from '#tests/support/account-creation-fixture.ts'

it('createAccount by the admin needs no invite code and no email, and may use any name of the service', async () => {
  const fixture = new AccountCreationFixture()
  const ports = fixture.ports({ inviteRequired: true })
  const byAdmin = { byAdmin: true }
  for (const handle of ['admin.test', 'k1ke.test']) {
    const { did } = await createAccount(ports, { handle, password: 'x' }, byAdmin)
    expect(await findAccount(fixture.directory, { identifier: handle })).toMatchObject({ did })
    const account = await fixture.account(did)
    expect(await account.profile.get()).toMatchObject({ handle, email: null, status: 'active' })
    expect(await logIn(fixture.dispatch(), { identifier: did, password: 'x' }, 0)).toMatchObject({
      ...{ did, emailConfirmed: false },
    })
  }
  const disposable = { handle: 'bob.test', email: 'bob@mailinator.com', password: 'x' }
  await expect(createAccount(fixture.ports(), disposable)).rejects.toThrow('not supported')
  await createAccount(ports, disposable, byAdmin)
  for (const [change, error] of [
    [{ handle: 'alice.example.com' }, 'UnsupportedDomain'],
    [{ handle: 'a.b.test' }, 'InvalidHandle'],
    [{ handle: 'bob.test' }, 'InvalidRequest'],
    [{ email: 'alice' }, 'InvalidRequest'],
    [{ email: 'Bob@mailinator.com' }, 'InvalidRequest'],
    [{ inviteCode: 'x' }, 'InvalidInviteCode'],
  ] as const) {
    const attempt = createAccount(ports, { handle: 'carol.test', ...change }, byAdmin)
    await expect(attempt).rejects.toMatchObject({ status: 400, error })
  }
})

it.each([
  [{ plcOp: {} }, 'InvalidRequest', 'Unsupported input: "plcOp"'],
  [{ password: 'x'.repeat(257) }, 'InvalidRequest', 'Password too long'],
  [{ email: '' }, 'InvalidRequest', 'Email is required'],
  [{ email: 'alice' }, 'InvalidRequest', 'This email address is not supported'],
  [{ handle: 'al.test' }, 'InvalidHandle', 'Handle too short'],
  [{ handle: 'alice.com' }, 'UnsupportedDomain', 'Not a supported handle domain'],
  [{ handle: 'admin.test' }, 'HandleNotAvailable', 'Reserved handle'],
  [{ recoveryKey: 'did:key:x' }, 'InvalidRequest', 'The recoveryKey is not a did:key'],
])('createAccount rejects %j before it calls anything', async (change, error, message) => {
  const fixture = new AccountCreationFixture()
  const input = { handle: 'Alice.test', email: 'Alice@example.com', password: 'hunter2' }
  const attempt = createAccount(fixture.ports(), { ...input, ...change })
  await expect(attempt).rejects.toMatchObject({
    status: 400,
    error,
    message: expect.stringContaining(message),
  })
  expect(fixture.calls).toEqual([])
})
