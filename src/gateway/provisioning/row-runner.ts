/** Runs a row of a file, which creates an account or adopts a DID. */
import { forbidden } from '#src/errors.ts'
import { newRkeys } from '#src/gateway/group/new-group.ts'
import { mustBePrincipal } from '#src/gateway/methods/group-methods.ts'
import type { DidToAdopt } from '#src/gateway/provisioning/adopt.ts'
import { checkAccount, type NewTenantAccount } from '#src/gateway/provisioning/check-account.ts'
import type { RowPorts } from '#src/gateway/provisioning/row-results.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { parseWith } from '#src/gateway/xrpc/validate-call.ts'
import * as lexicons from '#src/protocol/lexicons/dev/headwater/tenant.ts'
import type { Tenant } from '#src/rules/tenants.ts'

export const MAX_FILE_BYTES = 64 * 1024 * 1024

export const rowKinds = ['createAccounts', 'adoptAccounts'] as const
export type RowKind = (typeof rowKinds)[number]

interface RowOptions {
  tenant: Pick<Tenant, 'id' | 'did' | 'domains' | 'settings'>
  kind: RowKind
  /** False if results are stored, which must not have tokens. */
  maySignIn: boolean
}

const didToAdopt = lexicons.adoptAccounts.didToAdopt
const newAccount = lexicons.createAccount.newAccount

export function rowRunner(
  server: ServerContext,
  { tenant, kind, maySignIn }: RowOptions,
): RowPorts['runRow'] {
  const provisioner = server.provisioning.many(tenant.id)
  if (kind === 'adoptAccounts') {
    return async (row) =>
      provisioner.adopt(parseWith<DidToAdopt>(didToAdopt, row), await server.handleRules())
  }
  const newRkey = newRkeys()
  return async (row) => {
    await server.provisioning.rowTurn()
    const input = parseWith<NewTenantAccount>(newAccount, row)
    if (input.session && !maySignIn) throw forbidden('A job cannot return a session')
    const handles = await server.handleRules()
    const principals = { mustBePrincipal: (did: string) => mustBePrincipal(server, did) }
    return provisioner.create(
      await checkAccount({ tenant, handles, newRkey, ...principals }, input),
    )
  }
}
