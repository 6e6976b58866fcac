/** What a caller writes with, as the history of its account names it. */
import type { AccountCaller } from '#src/gateway/xrpc/callers.ts'
import { clientOfAppPassword, SESSION } from '#src/rules/commit-clients.ts'

/** Undefined if a member acts as the account: the audit log has it. */
export function clientOf({
  clientId,
  appPassword,
  actingMember,
}: AccountCaller): string | undefined {
  if (actingMember !== undefined) return undefined
  if (clientId !== undefined) return clientId
  return appPassword === undefined ? SESSION : clientOfAppPassword(appPassword)
}
