/** What methods that pass on to an AppView have in common: a caller with an account here. */
import { forbidden } from '#src/errors.ts'

export const proxiedMethod = {
  auth: 'account',
  oauth: 'rpc',
  of: ({ caller }: { caller: { did: string } }) => caller.did,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
} as const
