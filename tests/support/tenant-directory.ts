/** A directory with a tenant, `roomy`, and its accounts. */
import { confirmAccount, reserveAccount } from '#src/directory/reservations.ts'
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

/** `name` becomes a part of DID and handle. */
export function reserve(directory: TestDirectory, name: string, more: object = {}) {
  const names = { did: `did:plc:${name}`, handle: `${name}.test`, email: null }
  return reserveAccount(directory, { ...names, ...newKey, tenant: { id: 'roomy' }, ...more })
}

export async function create(directory: TestDirectory, name: string, more: object = {}) {
  await reserve(directory, name, more)
  await confirmAccount(directory, { did: `did:plc:${name}`, ...confirmation })
}
