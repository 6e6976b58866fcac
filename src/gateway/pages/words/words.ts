/** States and audit actions in words of the reader's language. */

import type { RenderContext } from '#src/gateway/pages/shell.ts'
import { en } from '#src/gateway/pages/words/locales/en.ts'
import { type WordKey, wordTexts } from '#src/gateway/pages/words/texts.ts'

/** Of an account or a tenant, of a relay or at one, or of an audit log; unknown values are shown as they are. */
export function word(
  context: Pick<RenderContext, 'messages'>,
  kind: 'status' | 'relay' | 'action',
  value: string,
): string {
  // An action is in the log by its NSID, by the last part of that, or by a name of its own.
  const [authority, , ...rest] = value.split('.')
  const name = rest.length > 0 && /^(com|dev)$/.test(authority!) ? rest.at(-1)! : value
  const key = `${kind}.${name}`
  return Object.hasOwn(en, key) ? wordTexts(context).text(key as WordKey) : value
}
