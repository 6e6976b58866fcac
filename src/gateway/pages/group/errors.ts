/** The error messages of the pages of groups. */
import { type GroupMessageKey, groupMessages } from '#src/gateway/pages/group/messages.ts'
import { historyErrorText } from '#src/gateway/pages/history/errors.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'

const known = {
  NotAMember: 'error.notAMember',
  NotFound: 'error.notFound',
  Forbidden: 'error.forbidden',
  ScopeMissingError: 'error.forbidden',
  RoleTooHigh: 'error.roleTooHigh',
  RoleChanged: 'error.roleChanged',
  LastOwner: 'error.lastOwner',
  MemberExists: 'error.memberExists',
  NotAPrincipal: 'error.notAPrincipal',
  InviteExpired: 'error.inviteExpired',
  InviteUsed: 'error.inviteExpired',
  InviteForAnother: 'error.inviteForAnother',
  TransferExpired: 'error.transferExpired',
  HandleNotFound: 'error.handleNotFound',
  HandleNotAvailable: 'error.handleNotAvailable',
  InvalidSwap: 'error.changedMeanwhile',
  PostLength: 'error.postLength',
} as const satisfies Record<string, GroupMessageKey>

/** Common errors in the reader's language; otherwise the server's message. */
export function errorText(
  context: RenderContext,
  { error, message }: { error: string; message: string },
): string {
  const { text } = context.messages
  if (error === 'StalePage') return text('pageExpired')
  if (error === 'WronglyTyped') return text('wronglyTyped')
  if (error === 'RateLimitExceeded') return text('tooManyAttempts')
  if (Object.hasOwn(known, error)) {
    return groupMessages(context).text(known[error as keyof typeof known])
  }
  return historyErrorText(context, error) ?? text('failed', { reason: message })
}
