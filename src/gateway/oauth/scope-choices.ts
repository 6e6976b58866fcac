/** The part of an app's scope that users may leave out: the email address. */
import { AccountPermission } from '@atproto/oauth-scopes'

/** Apps with the scopes of the time before granular ones expect to get all of them. */
export function canLeaveOutEmail(scope: string): boolean {
  const all = scope.split(' ')
  return all.some(isEmail) && !all.some((one) => one.startsWith('transition:'))
}

export function withoutEmail(scope: string | undefined): string | undefined {
  if (scope === undefined || !canLeaveOutEmail(scope)) return scope
  return scope
    .split(' ')
    .filter((one) => !isEmail(one))
    .join(' ')
}

function isEmail(scope: string): boolean {
  const permission = AccountPermission.fromString(scope)
  if (permission === null) return false
  return (['read', 'manage'] as const).some((action) =>
    permission.matches({ attr: 'email', action }),
  )
}
