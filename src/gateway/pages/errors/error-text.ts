/** Errors of methods as sentences in the reader's language, for all areas. */
import { en } from '#src/gateway/pages/errors/locales/en.ts'
import { messageKinds } from '#src/gateway/pages/errors/message-kinds.ts'
import { type ErrorKey, errorTexts } from '#src/gateway/pages/errors/texts.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'

type Context = Pick<RenderContext, 'messages'>

export interface ShownError {
  /** Its name, such as `HandleNotAvailable`. */
  error: string
  message: string
  status?: number
}

/** Errors of the pages and of rate limits, whose texts are the shell's. */
const ofShell = {
  StalePage: 'pageExpired',
  WronglyTyped: 'wronglyTyped',
  RateLimitExceeded: 'tooManyAttempts',
} as const

/** Errors with the sentence of another one. */
const sameAs: Readonly<Record<string, ErrorKey>> = {
  ScopeMissingError: 'Forbidden',
  InviteUsed: 'InviteExpired',
  TooManyChanges: 'RangeTooLarge',
}

/** With the server's message, if the error has no sentence. Of a failure of the server it says only that. */
export function errorText(context: Context, error: ShownError): string {
  const { status = 400, message } = error
  // Those that have a sentence of their own are not a failure.
  if (status >= 500 && !Object.hasOwn(en, error.error)) return serverErrorText(context)
  return sentenceOf(context, error) ?? context.messages.text('failed', { reason: message })
}

/** Undefined if the error has none. */
export function sentenceOf(context: Context, { error, message }: ShownError): string | undefined {
  if (Object.hasOwn(ofShell, error)) {
    return context.messages.text(ofShell[error as keyof typeof ofShell])
  }
  const { text } = errorTexts(context)
  for (const { pattern, key } of messageKinds) {
    const found = pattern.exec(message)
    if (found !== null) return text(key, { text: found[1] ?? '' })
  }
  const key = sameAs[error] ?? error
  return Object.hasOwn(en, key) ? text(key as ErrorKey) : undefined
}

export function serverErrorText(context: Context): string {
  return errorTexts(context).text('serverError')
}
