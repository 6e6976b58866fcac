/** Signing up with the invite code of a tenant, by com.atproto.server.createAccount. */
import { expect, it } from 'vitest'
import { findTenantAccount } from '#src/directory/tenant-accounts.ts'
import { createTenantInvites } from '#src/directory/tenant-invites.ts'
import { createTenant } from '#src/directory/tenants.ts'
import { handleRules, noHandleSettings } from '#src/gateway/identity/handle-rules.ts'
import { createAccount } from '#src/gateway/workflows/create-account.ts'
import { AccountCreationFixture } from '#tests/support/account-creation-fixture.ts'
import { addInviteCode } from '#tests/support/test-directory.ts'

const domains = [{ domain: 'roomy.space', tenant: 'roomy', labelMin: 1, labelMax: 63 }]

async function open() {
  const fixture = new AccountCreationFixture()
  const { directory } = fixture
  await createTenant(directory, { id: 'roomy', name: 'Roomy' })
  await createTenantInvites(directory, {
    tenant: 'roomy',
    codes: ['roomy_code'],
    uses: 9,
    by: 'operator',
  })
  const ports = fixture.ports({
    handleRules: async () => handleRules(['.test'], noHandleSettings, domains),
  })
  const signUp = (handle: string, inviteCode?: string) =>
    createAccount(ports, {
      ...{ handle, email: `${handle.split('.')[0]}@example.com` },
      ...(inviteCode !== undefined && { inviteCode }),
    })
  const ofTenant = (did: string) => findTenantAccount(directory, { tenant: 'roomy', did })
  return { fixture, directory, signUp, ofTenant }
}

it('a code of a tenant gives a handle under its domain, or under that of the server', async () => {
  const { signUp, ofTenant } = await open()
  for (const handle of ['kitchen.roomy.space', 'garden.test']) {
    const { did } = await signUp(handle, 'roomy_code')
    expect(await ofTenant(did)).toMatchObject({ handle })
  }
})

it('without a code, and with one of others, the domain of a tenant is not supported', async () => {
  const { signUp, directory } = await open()
  const general = await addInviteCode(directory, { useCount: 1 })
  for (const code of [undefined, general, 'unknown']) {
    const refused = signUp('kitchen.roomy.space', code)
    await expect(refused).rejects.toMatchObject({ status: 400, error: 'UnsupportedDomain' })
  }
})

it('a code that only says that it is of the tenant is of no use', async () => {
  const { signUp } = await open()
  const refused = signUp('kitchen.roomy.space', 'roomy_guess')
  await expect(refused).rejects.toMatchObject({ status: 400, error: 'InvalidInviteCode' })
})

it('a code of a tenant costs no call more', async () => {
  const { signUp, ofTenant, fixture } = await open()
  const { did } = await signUp('alice.test')
  expect(await ofTenant(did)).toBeNull()
  const calls = fixture.calls.splice(0).slice(0, 3)
  expect(calls).toEqual(['reserve', 'send plc_operation', 'confirm'])
  await signUp('kitchen.roomy.space', 'roomy_code')
  expect(fixture.calls.filter((name) => calls.includes(name))).toEqual(calls)
})
