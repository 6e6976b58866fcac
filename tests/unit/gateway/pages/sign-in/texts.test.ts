import { expect, it } from 'vitest'
import { signInTexts } from '#src/gateway/pages/sign-in/texts.ts'

const namesIn = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort()

it.each(Object.entries(signInTexts))(
  'the texts in %s have the names of the English ones',
  (_, texts) => {
    for (const [key, text] of Object.entries(texts)) {
      const english = signInTexts.en[key as keyof typeof signInTexts.en]
      expect([key, ...namesIn(text)]).toEqual([key, ...namesIn(english)])
    }
  },
)
