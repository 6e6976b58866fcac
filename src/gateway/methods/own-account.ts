/** Common part of methods that run on the account of their caller. */
import { forbidden } from '#src/errors.ts'

export const ownAccount = {
  of: ({ caller }: { caller: { did: string } }) => caller.did,
  unknown: () => forbidden('Account not found', 'AccountNotFound'),
}
