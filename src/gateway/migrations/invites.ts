/** Invitations of accounts of other servers: their links, their mails, and the progress of each account. */
import type { MoveInvite } from '#src/directory/move-invites.ts'
import type { Dispatch } from '#src/engine/dispatch.ts'
import { type MailSettings, writeNotice } from '#src/gateway/mails.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { moveTexts } from '#src/gateway/pages/move/texts.ts'
import type { Mailer } from '#src/ports/mailer.ts'
import { claimedTenant } from '#src/rules/invite-codes.ts'
import type { Migration, MigrationProgress } from '#src/rules/migrations.ts'

export const movePath = '/move'

const shownProgress = [
  'repoBytes',
  'records',
  'recordsTotal',
  'blobs',
  'blobsTotal',
  'missing',
] as const

export type ShownInvite = Omit<
  MoveInvite,
  'state' | 'code' | 'keepsHandle' | 'email' | 'mailedAt'
> & {
  state: 'invited' | 'copying' | 'waiting' | 'switching' | 'failed' | 'done'
  reason?: string
  progress?: Pick<MigrationProgress, (typeof shownProgress)[number]>
  url: string
  email?: string
  mailedAt?: string
}

export function inviteUrl(publicUrl: string, { did, code }: { did: string; code: string }): string {
  return `${publicUrl}${movePath}?${new URLSearchParams({ account: did, invite: code })}`
}

/** Asks an account that is moving for its progress. */
export async function showInvite(
  {
    dispatch,
    publicUrl,
  }: {
    dispatch: { account(did: string): { migration: { find(): Promise<Migration | null> } } }
    publicUrl: string
  },
  invite: MoveInvite,
): Promise<ShownInvite> {
  const { code, keepsHandle: _, email, mailedAt, state, ...more } = invite
  const shown = {
    ...{ ...more, url: inviteUrl(publicUrl, invite) },
    ...(email !== null && { email }),
    ...(mailedAt !== null && { mailedAt }),
  }
  if (state !== 'moving') return { ...shown, state: state === 'here' ? 'done' : 'invited' }
  const move = await dispatch.account(invite.did).migration.find()
  return { ...shown, ...progressOf(move) }
}

function progressOf(move: Migration | null): Pick<ShownInvite, 'state' | 'reason' | 'progress'> {
  if (move === null || move.direction === 'out') {
    return { state: 'failed', reason: 'The owner has to sign in at /account/move to continue' }
  }
  const { step, error, isRunning } = move
  const known = shownProgress.flatMap((name) =>
    move.progress[name] === undefined ? [] : [[name, move.progress[name]] as const],
  )
  const progress = Object.fromEntries(known)
  if (error !== null && !isRunning) return { state: 'failed', reason: reasonOf(error), progress }
  if (step === 'done') return { state: 'done' }
  if (step === 'code' && move.progress.operation === undefined)
    return { state: 'waiting', progress }
  const isCopying = ['repo', 'blobs', 'preferences'].includes(step)
  return { state: isCopying ? 'copying' : 'switching', progress }
}

function reasonOf(error: string): string {
  if (error !== 'SignIn') return error
  return 'The session at the old server has ended: the owner has to sign in at /account/move'
}

/** Throws 502 if the mail could not be sent. */
export async function mailInvite(
  {
    mailer,
    service,
    dispatch,
  }: {
    mailer: Mailer
    service: { publicUrl: string; mail: MailSettings }
    dispatch: { directory: { tenants: Pick<Dispatch['directory']['tenants'], 'get'> } }
  },
  { email, ...invite }: MoveInvite & { email: string },
  language: string,
): Promise<void> {
  const id = claimedTenant(invite.code)
  const found = id === undefined ? null : await dispatch.directory.tenants.get({ id })
  const tenant = found && { name: found.name, branding: found.settings.branding ?? {} }
  const texts = moveTexts({ messages: messagesFor(language) })
  const params = {
    handle: invite.handle,
    server: new URL(invite.server).host,
    here: tenant?.name ?? new URL(service.publicUrl).host,
  }
  const link = inviteUrl(service.publicUrl, invite)
  const paragraphs = [texts.text('mailText', params), link, texts.text('mailAfter', params)]
  const settings = { ...service.mail, tenant: tenant ?? undefined }
  await mailer.send({
    to: email,
    ...writeNotice(texts.text('mailSubject', params), paragraphs, settings),
  })
}
