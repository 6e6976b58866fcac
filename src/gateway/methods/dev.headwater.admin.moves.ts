/** dev.headwater.admin: invitations of accounts of another server to move here. */

import type { MoveInvite } from '#src/directory/move-invites.ts'
import { invalidRequest } from '#src/errors.ts'
import { mailInvite, type ShownInvite, showInvite } from '#src/gateway/migrations/invites.ts'
import { method } from '#src/gateway/xrpc/method.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'
import { inParallel } from '#src/ports/in-parallel.ts'
import { isAtprotoDid } from '#src/protocol/did.ts'
import * as admin from '#src/protocol/lexicons/dev/headwater/admin.ts'
import { parseAddress } from '#src/rules/emails.ts'
import { newInviteCode, newTenantInviteCode } from '#src/rules/invite-codes.ts'

/** Accounts that are asked for their progress at once. */
const AT_ONCE = 8

export const createMoveInvites = method(admin.createMoveInvites, {
  auth: 'admin',
  run: async ({ input, server }) => {
    const { dispatch, service } = server
    const { tenant = null } = input
    const accounts = input.accounts.map(({ did, handle, keepsHandle = false, email }) => {
      if (!isAtprotoDid(did)) throw invalidRequest(`Not the DID of an account: ${did}`)
      if (email !== undefined) parseAddress(email)
      const code = tenant === null ? newInviteCode(service.hostname) : newTenantInviteCode(tenant)
      return { did, handle: handle.toLowerCase(), keepsHandle, email: email ?? null, code }
    })
    const given = { server: originOf(input.server), tenant, accounts }
    if (tenant !== null && (await dispatch.directory.tenants.get({ id: tenant })) !== null) {
      const detail = JSON.stringify({ server: given.server, accounts: accounts.length })
      const row = { actor: 'operator', action: 'createMoveInvites', target: tenant, detail }
      await dispatch.tenant(tenant).audit.add(row)
    }
    return { invites: await showAll(server, await dispatch.directory.moveInvites.add(given)) }
  },
})

export const listMoveInvites = method(admin.listMoveInvites, {
  auth: 'admin',
  run: async ({ params: { server: from, state, ...page }, server }) => {
    const { moveInvites } = server.dispatch.directory
    const of = from === undefined ? {} : { server: originOf(from) }
    const only = state === undefined ? {} : { state: state === 'done' ? ('here' as const) : state }
    const [counted, { invites, ...next }] = await Promise.all([
      page.cursor === undefined ? moveInvites.count(of) : undefined,
      moveInvites.list({ ...of, ...only, ...page }),
    ])
    const counts = counted && {
      counts: { invited: counted.invited, moving: counted.moving, done: counted.here },
    }
    return { ...counts, invites: await showAll(server, invites), ...next }
  },
})

export const sendMoveInvite = method(admin.sendMoveInvite, {
  auth: 'admin',
  run: async ({ input: { did, language = 'en' }, server }) => {
    const { moveInvites } = server.dispatch.directory
    const invite = await moveInvites.find({ did })
    if (invite === null) throw invalidRequest('The account is not invited', 'InviteNotFound')
    const { email } = invite
    if (email === null) throw invalidRequest('There is no email address', 'NoEmailAddress')
    if (invite.state !== 'invited') throw invalidRequest('The move has begun', 'AlreadyMoved')
    await mailInvite(server, { ...invite, email }, language)
    await moveInvites.recordMail({ did })
    const [shown] = await showAll(server, [(await moveInvites.find({ did })) ?? invite])
    return shown!
  },
})

export const deleteMoveInvites = method(admin.deleteMoveInvites, {
  auth: 'admin',
  run: async ({ input: { dids }, server }) => {
    await server.dispatch.directory.moveInvites.remove({ dids })
    return undefined
  },
})

async function showAll(
  { dispatch, service: { publicUrl } }: Pick<ServerContext, 'dispatch' | 'service'>,
  invites: readonly MoveInvite[],
): Promise<ShownInvite[]> {
  const shown: ShownInvite[] = []
  await inParallel(invites.entries(), AT_ONCE, async ([i, invite]) => {
    shown[i] = await showInvite({ dispatch, publicUrl }, invite)
  })
  return shown
}

/** Throws 400. */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && /^https?:$/.test(url.protocol)) return url.origin
  throw invalidRequest(`Not the URL of a server: ${text}`)
}
