/** The fields of the forms that begin a move. */
import { invalidRequest } from '#src/errors.ts'
import type { NewAccount, OldCredentials } from '#src/gateway/migrations/begin.ts'
import type { Form } from '#src/gateway/pages/form.ts'

const MIN_PASSWORD = 8

export function oldCredentialsOf({ password = '', factor = '' }: Form): OldCredentials {
  const code = factor.trim()
  return { password, ...(code !== '' && { code }) }
}

/** With `current` as the handle if its owner keeps it. Throws 400 PasswordTooShort. */
export function newAccountOf(form: Form, current: string): NewAccount & { handle: string }
export function newAccountOf(form: Form, current?: string): NewAccount
export function newAccountOf(form: Form, current?: string): NewAccount {
  const { name = '', domain = '', email = '', invite = '', 'new-password': password = '' } = form
  if (password.length < MIN_PASSWORD)
    throw invalidRequest('The password is too short', 'PasswordTooShort')
  const typed = name.trim().toLowerCase().replace(/^@/, '')
  const handle = domain === '' ? current : typed.includes('.') ? typed : `${typed}${domain}`
  const inviteCode = invite.trim()
  return {
    ...{ handle, email: email.trim(), password },
    ...(inviteCode !== '' && { inviteCode }),
  }
}
