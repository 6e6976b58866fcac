/** A suspension by the operator: a temporary takedown that keeps the sessions. No lexicon has a method for it. */
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import type { AccountStatus } from '#src/rules/states.ts'

export async function suspendAccount(
  { dispatch }: Pick<ServerContext, 'dispatch'>,
  did: string,
  suspended: boolean,
): Promise<{ status: AccountStatus }> {
  const state = await dispatch.account(did).lifecycle.changeState({ suspended })
  // From now on the suspension, or its end, is attributed to the operator and not to the account's tenant.
  await dispatch.directory.tenantAccounts.endSuspension({ did })
  return state
}
