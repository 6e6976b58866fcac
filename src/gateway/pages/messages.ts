/** The texts of pages: language negotiation and interpolation. The folders of pages have catalogues. */
import { de } from '#src/gateway/pages/locales/de.ts'
import { en } from '#src/gateway/pages/locales/en.ts'
import { es } from '#src/gateway/pages/locales/es.ts'
import { fr } from '#src/gateway/pages/locales/fr.ts'
import { ja } from '#src/gateway/pages/locales/ja.ts'
import { ko } from '#src/gateway/pages/locales/ko.ts'
import { pt } from '#src/gateway/pages/locales/pt.ts'
import { ro } from '#src/gateway/pages/locales/ro.ts'
import { sv } from '#src/gateway/pages/locales/sv.ts'

const languages = ['en', 'de', 'es', 'fr', 'ja', 'ko', 'pt', 'ro', 'sv'] as const
export type Language = (typeof languages)[number]

/** The texts of one folder of pages by language; only English is required. */
export type Catalogue<Key extends string> = { en: Record<Key, string> } & {
  [language in Language]?: Record<Key, string>
}

/** The texts of the shell and of the security pages. */
const shellTexts = { en, de, es, fr, ja, ko, pt, ro, sv } satisfies Catalogue<keyof typeof en>
export type MessageKey = keyof typeof en

export interface Messages<Key extends string = MessageKey> {
  language: Language
  text(key: Key, params?: Record<string, string | number>): string
  formatDate(iso: string): string
}

const MAX_HEADER_LENGTH = 500

/** The texts of one folder of pages: the function returns them in the language of a page. */
export function textsIn<Key extends string>(
  catalogue: Catalogue<Key>,
): (page: { messages: Pick<Messages, 'language'> }) => Messages<Key> {
  const known = new Map<Language, Messages<Key>>()
  return ({ messages: { language } }) => {
    const texts = known.get(language) ?? messagesFor(language, catalogue)
    known.set(language, texts)
    return texts
  }
}

/** `accepted` is a language, or an Accept-Language header: the first that the catalogue has, or else English. */
export function messagesFor(accepted?: string): Messages
export function messagesFor<Key extends string>(
  accepted: string | undefined,
  catalogue: Catalogue<Key>,
): Messages<Key>
export function messagesFor(
  accepted = '',
  catalogue: Catalogue<string> = shellTexts,
): Messages<string> {
  const language = preferredLanguages(accepted).find((known) => catalogue[known]) ?? 'en'
  const texts = catalogue[language] ?? catalogue.en
  const format = new Intl.DateTimeFormat(language, {
    ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' },
  } as const)
  const numbers = new Intl.NumberFormat(language)
  const shown = (value: string | number) =>
    typeof value === 'number' ? numbers.format(value) : value
  return {
    language,
    text: (key, params = {}) =>
      texts[key]!.replaceAll(/\{(\w+)\}/g, (_, name: string) => shown(params[name] ?? '')),
    formatDate: (iso) => `${format.format(new Date(iso))} UTC`,
  }
}

/** The languages of a header that pages have, the preferred ones first. */
function preferredLanguages(header: string): Language[] {
  return header
    .slice(0, MAX_HEADER_LENGTH)
    .split(',')
    .map((preference) => {
      const [tag = '', ...params] = preference.trim().toLowerCase().split(';')
      const weight = params.map((param) => /^\s*q=([\d.]+)$/.exec(param)?.[1]).find(Boolean)
      return { tag: tag.split('-')[0]!, weight: Number(weight ?? 1) }
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
    .flatMap(({ tag }) => languages.filter((language) => language === tag))
}
