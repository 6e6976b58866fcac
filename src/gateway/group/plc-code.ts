/** The code that lets a member change the identity of its group: it goes to the member's own mailbox. */
import type { RemoteAccount } from '#src/engine/dispatch.ts'
import { sendCode } from '#src/gateway/mails.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { type ActingMember, asMember } from '#src/rules/acting-member.ts'

type Server = Pick<ServerContext, 'dispatch' | 'mailer' | 'service' | 'tenantBrand'>

/**
 * Sent to the group's own address, if it has one, for a member whose account is elsewhere or has none. Throws 400 if there is
 * no address, and 502 if the code could not be sent.
 */
export async function mailPlcCode(
  server: Server,
  group: RemoteAccount,
  by: ActingMember,
): Promise<void> {
  const email = await emailOf(server, by.did)
  const asGroup = asMember(group, by)
  const { handle } = await asGroup.identity.getIdentity()
  const mailed = await asGroup.identity.requestPlcToken(email === undefined ? {} : { email })
  await sendCode(server, group, mailed, 'plcOperation', { ...(handle !== null && { handle }) })
}

async function emailOf({ dispatch }: Server, did: string): Promise<string | undefined> {
  const found = await dispatch.directory.accounts.find({ identifier: did })
  if (found === null) return undefined
  return (await dispatch.account(did).session.getSession()).email
}
