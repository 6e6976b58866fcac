/** The errors of methods as sentences in the reader's language. */

import { en } from '#src/gateway/pages/errors/locales/en.ts'
import { messageKinds } from '#src/gateway/pages/errors/message-kinds.ts'
import { type ErrorKey, errorTexts } from '#src/gateway/pages/errors/texts.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'

export interface ShownError {
  /** Its name, such as `HandleNotAvailable`. */
  error: string
  message: string
}

/** Undefined for an error that has no sentence. */
export function sentenceOf(
  context: Pick<RenderContext, 'messages'>,
  { error, message }: ShownError,
): string | undefined {
  const { text } = errorTexts(context)
  for (const { pattern, key } of messageKinds) {
    const found = pattern.exec(message)
    if (found !== null) return text(key, { text: found[1] ?? '' })
  }
  return Object.hasOwn(en, error) ? text(error as ErrorKey) : undefined
}

/** Otherwise the server's message. */
export function errorText(context: Pick<RenderContext, 'messages'>, error: ShownError): string {
  return sentenceOf(context, error) ?? error.message
}
