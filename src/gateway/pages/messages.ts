/** The texts of the security pages: language negotiation and interpolation. */
import { de } from '#src/gateway/pages/locales/de.ts'
import { en, type LocaleMessages } from '#src/gateway/pages/locales/en.ts'
import { es } from '#src/gateway/pages/locales/es.ts'
import { fr } from '#src/gateway/pages/locales/fr.ts'
import { ja } from '#src/gateway/pages/locales/ja.ts'
import { ko } from '#src/gateway/pages/locales/ko.ts'
import { pt } from '#src/gateway/pages/locales/pt.ts'
import { ro } from '#src/gateway/pages/locales/ro.ts'
import { sv } from '#src/gateway/pages/locales/sv.ts'

const locales = { en, de, es, fr, ja, ko, pt, ro, sv } as const satisfies Record<
  string,
  LocaleMessages
>
type Language = keyof typeof locales
export type MessageKey = keyof LocaleMessages

export interface Messages {
  language: Language
  text(key: MessageKey, params?: Record<string, string | number>): string
  formatDate(iso: string): string
}

const MAX_HEADER_LENGTH = 500

export function messagesFor(acceptLanguage = ''): Messages {
  const preferences = acceptLanguage
    .slice(0, MAX_HEADER_LENGTH)
    .split(',')
    .map((preference) => {
      const [tag = '', ...params] = preference.trim().toLowerCase().split(';')
      const weight = params.map((param) => /^\s*q=([\d.]+)$/.exec(param)?.[1]).find(Boolean)
      return { tag: tag.split('-')[0]!, weight: Number(weight ?? 1) }
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
  const language = preferences.map(({ tag }) => tag).find(isSupported) ?? 'en'
  const locale: LocaleMessages = locales[language]
  const format = new Intl.DateTimeFormat(language, {
    ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' },
  } as const)
  return {
    language,
    text: (key, params = {}) =>
      locale[key].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(params[name] ?? '')),
    formatDate: (iso) => `${format.format(new Date(iso))} UTC`,
  }
}

function isSupported(tag: string): tag is Language {
  return Object.hasOwn(locales, tag)
}
