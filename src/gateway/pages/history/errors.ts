/** The error messages of the pages of histories. */

import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import { emptyState } from '#src/gateway/pages/blocks.ts'
import { type HistoryVisit, historyUrl, textOf } from '#src/gateway/pages/history/history-visit.ts'
import { type HistoryMessageKey, historyMessages } from '#src/gateway/pages/history/messages.ts'
import type { Html, RenderContext } from '#src/gateway/pages/shell.ts'

const known = {
  HistoryOff: 'error.off',
  RevNotAvailable: 'error.notAvailable',
  RangeTooLarge: 'error.tooLarge',
  TooManyChanges: 'error.tooLarge',
  RestoreInProgress: 'error.inProgress',
  ValueGone: 'error.valueGone',
} as const satisfies Record<string, HistoryMessageKey>

/** In the reader's language; undefined for an error that is not of the history. */
export function historyErrorText(
  context: Pick<RenderContext, 'messages'>,
  error: string,
): string | undefined {
  if (!Object.hasOwn(known, error)) return undefined
  return historyMessages(context).text(known[error as keyof typeof known])
}

/** The content, or why there is none: the history is off, for example, or begins later. */
export async function orReason(visit: HistoryVisit, content: () => Promise<Html>): Promise<Html> {
  try {
    return await content()
  } catch (error) {
    const { session } = visit
    const reason = error instanceof XrpcError ? historyErrorText(session, error.error) : undefined
    if (reason === undefined) throw error
    const link = html`<a class="button" href="${historyUrl(visit, '/settings')}">${textOf(visit)('turnOn')}</a>`
    const isOff = (error as XrpcError).error === 'HistoryOff'
    return isOff ? emptyState(reason, link) : emptyState(reason)
  }
}
