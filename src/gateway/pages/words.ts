/** In which language the security pages speak, and how words are put in. */
import { de } from '#src/gateway/pages/words/de.ts'
import { en, type Words } from '#src/gateway/pages/words/en.ts'
import { es } from '#src/gateway/pages/words/es.ts'
import { fr } from '#src/gateway/pages/words/fr.ts'
import { ja } from '#src/gateway/pages/words/ja.ts'
import { ko } from '#src/gateway/pages/words/ko.ts'
import { pt } from '#src/gateway/pages/words/pt.ts'
import { ro } from '#src/gateway/pages/words/ro.ts'
import { sv } from '#src/gateway/pages/words/sv.ts'

const languages = { en, de, es, fr, ja, ko, pt, ro, sv } as const satisfies Record<string, Words>
type Language = keyof typeof languages
export type Word = keyof Words

export interface Speech {
  language: Language
  /** A text, with what is to be put in for `{name}`. */
  say(word: Word, put?: Record<string, string | number>): string
  /** A moment given as ISO text, in UTC. */
  date(iso: string): string
}

const LONGEST_HEADER = 500

/** The first language of an Accept-Language header that we have; English where there is none. */
export function speechOf(header = ''): Speech {
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
  const words: Words = languages[language]
  const format = new Intl.DateTimeFormat(language, {
    ...{ dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' },
  } as const)
  return {
    language,
    say: (word, put = {}) =>
      words[word].replaceAll(/\{(\w+)\}/g, (_, name: string) => String(put[name] ?? '')),
    date: (iso) => `${format.format(new Date(iso))} UTC`,
  }
}

function isKnown(tag: string): tag is Language {
  return Object.hasOwn(languages, tag)
}
