import { expect, it } from 'vitest'
import { authenticateAccount } from '#src/account/oauth/authenticate-account.ts'
import {
  describeWithClients,
  findOnDevice,
  listDevices,
  setAuthorizedClient,
  signInOnDevice,
  signOutOfDevice,
} from '#src/account/oauth/devices-and-clients.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { createAppPassword } from '#src/account/sessions/app-passwords.ts'
import { hashPassword } from '#src/ports/passwords.ts'
import { RecentlySeen } from '#src/rules/recently-seen.ts'
import { emptyAccount, provisionAccount, TestClock } from '#tests/support/empty-account.ts'

async function newAccount(password?: string) {
  const clock = new TestClock()
  const account = emptyAccount('did:plc:abcdefghijklmnopqrstuvwx', { clock })
  await provisionAccount(account, password && (await hashPassword(password)))
  return { account, clock }
}

it('an account lists the devices it is signed in on, and the scopes it granted to each app', async () => {
  const { account, clock } = await newAccount()
  const began = clock.now()
  await signInOnDevice(account, { deviceId: 'dev-1' })
  clock.time += 5
  await signInOnDevice(account, { deviceId: 'dev-2' })
  clock.time += 5
  await signInOnDevice(account, { deviceId: 'dev-1' })
  await setAuthorizedClient(account, { clientId: 'an app', data: '{"a":1}' })
  await setAuthorizedClient(account, { clientId: 'an app', data: '{"a":2}' })
  expect(await listDevices(account)).toEqual([
    { deviceId: 'dev-1', createdAt: began, updatedAt: began + 10 },
    { deviceId: 'dev-2', createdAt: began + 5, updatedAt: began + 5 },
  ])
  expect(await findOnDevice(account, { deviceId: 'dev-2' })).toMatchObject({
    link: { deviceId: 'dev-2' },
    account: { did: account.did, handle: 'alice.test' },
    clients: { 'an app': '{"a":2}' },
  })
  await signOutOfDevice(account, { deviceId: 'dev-2' })
  expect(await findOnDevice(account, { deviceId: 'dev-2' })).toBeNull()
})

it('the OAuth account has the name and picture of the profile record', async () => {
  const { account } = await newAccount()
  const before = await describeWithClients(account)
  expect(before?.account).not.toHaveProperty('displayName')
  await createRecord(account, {
    collection: 'app.bsky.actor.profile',
    rkey: 'self',
    record: { $type: 'app.bsky.actor.profile', displayName: 'Alice' },
  })
  expect((await describeWithClients(account))?.account).toMatchObject({
    displayName: 'Alice',
    email: 'alice@example.com',
    emailConfirmed: false,
    status: 'active',
  })
})

it("OAuth sign-in accepts the account's own password, and no app password", async () => {
  const { account } = await newAccount('correct horse')
  expect(await authenticateAccount(account, { password: 'correct horse' })).toMatchObject({
    did: account.did,
  })
  const wrong = authenticateAccount(account, { password: 'wrong' })
  await expect(wrong).rejects.toMatchObject({ status: 401 })
  const password = 'aaaa-bbbb-cccc-dddd'
  await createAppPassword(account, { name: 'phone', password, privileged: true })
  const app = authenticateAccount(account, { password })
  await expect(app).rejects.toMatchObject({ status: 400, message: /App passwords/ })
})

it('an account remembers the 500 apps that it authorized last', async () => {
  const { account, clock } = await newAccount()
  const authorize = async (n: number) => {
    clock.time += 1000
    await setAuthorizedClient(account, { clientId: `app-${n}`, data: '{}' })
  }
  for (let n = 0; n < 500; n++) await authorize(n)
  await authorize(0)
  await authorize(500)
  const { clients } = (await describeWithClients(account))!
  expect(Object.keys(clients)).toHaveLength(500)
  expect(clients).toMatchObject({ 'app-0': '{}', 'app-2': '{}', 'app-500': '{}' })
})

it('recently seen values are told apart, however long they are', () => {
  const seen = new RecentlySeen(100)
  const long = 'x'.repeat(100_000)
  expect([seen.isNew(`${long}a`, 0), seen.isNew(`${long}b`, 0)]).toEqual([true, true])
  expect(seen.isNew(`${long}a`, 0)).toBe(false)
})

it('an account is signed in on the 100 devices that it used last', async () => {
  const { account, clock } = await newAccount()
  for (let i = 0; i <= 100; i++) {
    clock.time += 1000
    await signInOnDevice(account, { deviceId: `dev-${i}` })
  }
  const devices = (await listDevices(account)).map(({ deviceId }) => deviceId)
  expect([devices.length, devices[0], devices.at(-1)]).toEqual([100, 'dev-100', 'dev-1'])
})

it('recently seen values are remembered for their time, and not much longer', () => {
  const seen = new RecentlySeen(100)
  expect([seen.isNew('a', 0), seen.isNew('a', 0), seen.isNew('a', 99)]).toEqual([
    true,
    false,
    false,
  ])
  expect(seen.isNew('b', 99)).toBe(true)
  expect(seen.isNew('b', 199)).toBe(false)
  expect(seen.isNew('a', 300)).toBe(true)
  expect(seen.isNew('b', 1000)).toBe(true)
})
