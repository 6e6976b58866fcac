/** The texts of the console of tenants. */
import { type Messages, textsIn } from '#src/gateway/pages/messages.ts'
import { de } from '#src/gateway/pages/tenant/locales/de.ts'
import { en } from '#src/gateway/pages/tenant/locales/en.ts'
import { es } from '#src/gateway/pages/tenant/locales/es.ts'
import { fr } from '#src/gateway/pages/tenant/locales/fr.ts'
import { ja } from '#src/gateway/pages/tenant/locales/ja.ts'
import { ko } from '#src/gateway/pages/tenant/locales/ko.ts'
import { pt } from '#src/gateway/pages/tenant/locales/pt.ts'
import { ro } from '#src/gateway/pages/tenant/locales/ro.ts'
import { sv } from '#src/gateway/pages/tenant/locales/sv.ts'

type TenantMessageKey = keyof typeof en
export type TenantMessages = Messages<TenantMessageKey>

/** In the language of the page. */
export const tenantTexts = textsIn({ en, de, es, fr, ja, ko, pt, ro, sv })

/** The text of one of a kind, such as `role.owner`; a value that has none is shown as it is. */
export function wordOf(
  text: TenantMessages['text'],
  kind: 'kind' | 'role' | 'state' | 'delivery' | 'job' | 'by' | 'disabled',
  value: string,
): string {
  const key = `${kind}.${value}`
  return Object.hasOwn(en, key) ? text(key as TenantMessageKey) : value
}
