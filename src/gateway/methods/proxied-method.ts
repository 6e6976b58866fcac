/** Common part of methods that are proxied to another service: the caller is an account of this server. */
import { forbidden } from '#src/errors.ts'

export const proxiedMethod = {
  auth: 'account',
  oauth: 'rpc',
  of: ({ caller }: { caller: { did: string } }) => caller.did,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
} as const
