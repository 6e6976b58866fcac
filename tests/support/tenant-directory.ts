/** A directory with a tenant, `roomy`, and its accounts. */
import type { GroupState } from '#src/account/initial-state.ts'
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
import { createTenantInvites } from '#src/directory/tenant-invites.ts'
import { createTenant } from '#src/directory/tenants.ts'
import type { TenantQuotas } from '#src/rules/tenants.ts'
import {
  confirmation,
  newKey,
  type TestDirectory,
  testDirectory,
} from '#tests/support/test-directory.ts'

export async function withTenant(quotas: Partial<TenantQuotas> = {}): Promise<TestDirectory> {
  const directory = testDirectory()
  await createTenant(directory, {
    id: 'roomy',
    name: 'Roomy',
    did: 'did:web:roomy.example',
    quotas,
  })
  return directory
}

interface AccountOptions {
  /** By an invite code of this tenant; null for an account of no tenant. */
  tenant?: string | null
  handle?: string
  email?: string
  inviteCode?: string
  group?: GroupState
}

/** `name` becomes a part of DID and handle. */
export async function reserve(
  directory: TestDirectory,
  name: string,
  { tenant = 'roomy', ...more }: AccountOptions = {},
): Promise<void> {
  const names = { did: `did:plc:${name}`, handle: `${name}.test`, email: null }
  const code = tenant === null ? {} : { inviteCode: await inviteCodeOf(directory, tenant) }
  await reserveAccount(directory, { ...names, ...newKey, ...code, ...more })
}

async function inviteCodeOf(directory: TestDirectory, tenant: string): Promise<string> {
  const code = `${tenant}_any-number`
  const invites = { tenant, codes: [code], uses: 1_000, by: 'operator' }
  await createTenantInvites(directory, invites)
  return code
}

export async function create(directory: TestDirectory, name: string, more: AccountOptions = {}) {
  await reserve(directory, name, more)
  await confirmAccount(directory, { did: `did:plc:${name}`, ...confirmation })
}
