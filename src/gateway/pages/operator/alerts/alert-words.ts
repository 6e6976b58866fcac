/** How alerts and checks say what they found, in the language of the page. */
import { byteText } from '#src/gateway/pages/byte-text.ts'
import { messagesFor } from '#src/gateway/pages/messages.ts'
import { type AlertText, alertTexts } from '#src/gateway/pages/operator/alerts/texts.ts'
import type { RenderContext } from '#src/gateway/pages/shell.ts'
import { unitText } from '#src/gateway/pages/unit-text.ts'
import { word } from '#src/gateway/pages/words/words.ts'
import type { RelayRow } from '#src/gateway/relays/relay-view.ts'

export interface AlertWords {
  text: AlertText
  number(n: number, digits?: number): string
  unit(n: number, unit: Parameters<typeof unitText>[2], display?: 'short' | 'long'): string
  size(bytes: number): string
  relayStatus(status: string): string
  /** That a relay leaves out accounts, or is about to; undefined if it does not. */
  relayWarning(row: RelayRow): string | undefined
  /** What came of asking a relay; what the relay said is shown as it is. */
  relayError(error: string): string
}

export function alertWords(context: Pick<RenderContext, 'messages'>): AlertWords {
  const { text, language } = alertTexts(context)
  return {
    text,
    number: (n, digits = 2) =>
      new Intl.NumberFormat(language, { maximumFractionDigits: digits }).format(n),
    unit: (n, unit, display) => unitText(language, n, unit, display),
    size: (bytes) => byteText(language, bytes),
    relayStatus: (status) => word(context, 'relay', status),
    relayError(error) {
      const [, reason] = /^it cannot be reached: (.*)$/s.exec(error) ?? []
      return reason === undefined ? error : text('unreachable', { reason })
    },
    relayWarning({ warning, throttled: n, limit, accountsHere, accountsThere }) {
      if (warning === undefined) return undefined
      if (n > 0) return text('throttledThere', { n })
      const accounts = Math.max(accountsHere ?? 0, accountsThere ?? 0)
      return text('limitNear', { n: accounts, limit: limit ?? '' })
    },
  }
}

/** For the command line. */
export const englishWords = alertWords({ messages: messagesFor('en') })
