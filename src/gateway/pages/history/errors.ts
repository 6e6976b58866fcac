/** Pages of histories whose content cannot be shown. */
import { html } from 'hono/html'
import { XrpcError } from '#src/errors.ts'
import { emptyState } from '#src/gateway/pages/blocks.ts'
import { errorText } from '#src/gateway/pages/errors/error-text.ts'
import { type HistoryVisit, historyUrl, textOf } from '#src/gateway/pages/history/history-visit.ts'
import type { Html } from '#src/gateway/pages/shell.ts'

/** Errors that are shown in place of the content. */
const reasons: readonly string[] = [
  ...['HistoryOff', 'RevNotAvailable', 'RangeTooLarge', 'TooManyChanges'],
  ...['RestoreInProgress', 'ValueGone'],
]

/** The content, or why there is none: the history is off, for example, or begins later. */
export async function orReason(visit: HistoryVisit, content: () => Promise<Html>): Promise<Html> {
  try {
    return await content()
  } catch (error) {
    if (!(error instanceof XrpcError) || !reasons.includes(error.error)) throw error
    const reason = errorText(visit.session, error)
    const link = html`<a class="button" href="${historyUrl(visit, '/settings')}">${textOf(visit)('turnOn')}</a>`
    const isOff = error.error === 'HistoryOff'
    return isOff ? emptyState(reason, link) : emptyState(reason)
  }
}
