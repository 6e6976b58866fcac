import { globSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'
import { expect, it } from 'vitest'

type Texts = Record<string, string>

const files = globSync('src/gateway/pages/**/locales/*.ts')
const namesIn = (text = '') => (text.match(/\{\w+\}/g) ?? []).sort()

async function textsOf(file: string): Promise<Texts> {
  const module = (await import(resolve(file))) as Record<string, Texts>
  return module[basename(file, '.ts')]!
}

it.each(files)('the texts in %s have the names of the English ones', async (file) => {
  const [texts, english] = [await textsOf(file), await textsOf(`${dirname(file)}/en.ts`)]
  const named = (all: Texts) => Object.keys(english).map((key) => [key, ...namesIn(all[key])])
  expect(named(texts)).toEqual(named(english))
})

it.each(files)('no sentence in %s is the English one', async (file) => {
  const [texts, english] = [await textsOf(file), await textsOf(`${dirname(file)}/en.ts`)]
  const same = Object.entries(texts).filter(([key, text]) => text === english[key])
  const sentences = same.filter(([, text]) => text.split(' ').length > 3)
  if (basename(file) !== 'en.ts') expect(sentences).toEqual([])
})
