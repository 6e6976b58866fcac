/** In which language the security pages speak, and how words are put in. */
import { de } from '#src/gateway/pages/locales/de.ts'
import { en, type LocaleMessages } from '#src/gateway/pages/locales/en.ts'
import { es } from '#src/gateway/pages/locales/es.ts'
import { fr } from '#src/gateway/pages/locales/fr.ts'
import { ja } from '#src/gateway/pages/locales/ja.ts'
import { ko } from '#src/gateway/pages/locales/ko.ts'
import { pt } from '#src/gateway/pages/locales/pt.ts'
import { ro } from '#src/gateway/pages/locales/ro.ts'
import { sv } from '#src/gateway/pages/locales/sv.ts'

const languages = { en, de, es, fr, ja, ko, pt, ro, sv } as const satisfies Record<
  string,
  LocaleMessages
>
type Language = keyof typeof languages
export type MessageKey = keyof LocaleMessages

export interface Messages {
  language: Language
  /** A text, with what is to be put in for `{name}`. */
  text(word: MessageKey, put?: Record<string, string | number>): string
  /** A moment given as ISO text, in UTC. */
  formatDate(iso: string): string
}

const LONGEST_HEADER = 500

/** The first language of an Accept-Language header that we have; English where there is none. */
export function messagesFor(header = ''): Messages {
  const wishes = header
    .slice(0, LONGEST_HEADER)
    .split(',')
    .map((wish) => {
      const [tag = '', ...params] = wish.trim().toLowerCase().split(';')
      const weight = params.map((param) => /^\s*q=([\d.]+)$/.exec(param)?.[1]).find(Boolean)
      return { tag: tag.split('-')[0]!, weight: Number(weight ?? 1) }
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight)
  const language = wishes.map(({ tag }) => tag).find(isKnown) ?? 'en'
  const words: LocaleMessages = languages[language]
  const format = new Intl.DateTimeFormat(language, {
    ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' },
  } as const)
  return {
    language,
    text: (word, put = {}) =>
      words[word].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(put[name] ?? '')),
    formatDate: (iso) => `${format.format(new Date(iso))} UTC`,
  }
}

function isKnown(tag: string): tag is Language {
  return Object.hasOwn(languages, tag)
}
