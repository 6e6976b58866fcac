/** What went wrong with a form of a move, as a note beside its field. */
import { XrpcError } from '#src/errors.ts'
import { errorText } from '#src/gateway/pages/errors/error-text.ts'
import type { MoveKey, MoveMessages } from '#src/gateway/pages/move/texts.ts'
import type { Note, RenderContext } from '#src/gateway/pages/shell.ts'

const known: Readonly<Record<string, readonly [text: MoveKey, field?: string]>> = {
  AccountNotFound: ['noSuchAccount', 'identifier'],
  AccountExists: ['existsHere', 'identifier'],
  AlreadyHere: ['alreadyHere'],
  AuthFactorTokenRequired: ['codeNeeded', 'factor'],
  InvalidServer: ['badServer', 'server'],
  PasswordTooShort: ['passwordShort', 'new-password'],
  ImportsClosed: ['importsClosed'],
  InviteNotFound: ['inviteGone'],
  InvalidToken: ['wrongCode', 'code'],
  ExpiredToken: ['wrongCode', 'code'],
}

const ofHandles = ['InvalidHandle', 'HandleNotAvailable', 'UnsupportedDomain']

/** Rethrows errors that are not about the input. `passwordField` is null if the form has none that was checked. */
export function refusalOf(
  { messages, texts }: Pick<RenderContext, 'messages'> & { texts: MoveMessages },
  error: unknown,
  { passwordField = 'password' }: { passwordField?: string | null } = {},
): Note {
  if (!(error instanceof XrpcError) || (error.status >= 500 && error.status !== 502)) throw error
  const { message: reason } = error
  if (error.status === 429) return { text: messages.text('tooManyAttempts'), bad: true }
  if (error.error === 'SignIn') return { text: messages.text('sessionEnded'), bad: true }
  if (error.status === 401 && passwordField !== null) {
    const isPassword = error.error !== 'AuthFactorTokenRequired'
    if (isPassword) return { text: texts.text('wrongPassword'), bad: true, field: passwordField }
  }
  const text = errorText({ messages }, error)
  if (ofHandles.includes(error.error)) return { text, bad: true, field: 'name' }
  if (error.error === 'InvalidInviteCode') return { text, bad: true, field: 'invite' }
  const [key, field] = known[error.error] ?? []
  if (key === undefined) return { text, bad: true }
  return { text: texts.text(key, { reason }), bad: true, ...(field !== undefined && { field }) }
}
