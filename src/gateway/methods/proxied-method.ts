/** Common part of methods that are proxied to another service: the caller is an account of this server. */
import { ownAccount } from '#src/gateway/methods/own-account.ts'

export const proxiedMethod = { ...ownAccount, auth: 'account', oauth: 'rpc' } as const
