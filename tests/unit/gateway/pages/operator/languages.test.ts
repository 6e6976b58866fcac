/** The console in other languages: what a page says is not in English, wherever it comes from. */
import { globSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { sections } from '#src/gateway/pages/operator/console-path.ts'
import {
  anna,
  bob,
  cookiesOf,
  openConsole,
  submit,
  type TestConsole,
} from '#tests/support/console-gateway.ts'

type Texts = Record<string, string>

/** Words of English sentences that German has not; other languages have none of them. */
const englishWords = /\b(the|and|of|are|with|this|here|from|its|yet|no|not|there)\b/

async function textsOf(language: string): Promise<[file: string, texts: Texts][]> {
  const files = globSync(`src/gateway/pages/**/locales/${language}.ts`)
  return Promise.all(
    files.map(async (file): Promise<[string, Texts]> => {
      const module = (await import(resolve(file))) as Record<string, Texts>
      return [file.replace(`${language}.ts`, ''), module[language]!]
    }),
  )
}

/** What catalogues say in English, and otherwise in this language. */
async function translatedTexts(language: string): Promise<ReadonlySet<string>> {
  const translations = new Map(await textsOf(language))
  const english = await textsOf('en')
  const own = new Set([...translations.values()].flatMap((texts) => Object.values(texts)))
  const translated = english.flatMap(([folder, texts]) =>
    Object.entries(texts)
      .filter(([key, text]) => translations.get(folder)?.[key] !== text)
      .map(([, text]) => text),
  )
  return new Set(translated.filter((text) => !own.has(text)))
}

/** The texts of a page and of its attributes, without what is technical or for readers of English. */
function saidOn(html: string): string[] {
  const shown = html
    .replaceAll(/<(script|style|pre|code)\b.*?<\/\1>/gs, '')
    .replaceAll(/<(span|dd)\b[^>]*class="mono".*?<\/\1>/gs, '')
  const attributes = shown.matchAll(/(?:aria-label|placeholder|title|alt|data-label)="([^"]*)"/g)
  const texts = shown.matchAll(/>([^<>]+)</g)
  return [...attributes, ...texts].map(([, text = '']) => text.trim()).filter((text) => text !== '')
}

async function pageIn(console: TestConsole, language: string, path: string): Promise<string> {
  const headers = { cookie: cookiesOf('admin password'), 'accept-language': language }
  return (await console.app.request(`http://localhost:2583/admin${path}`, { headers })).text()
}

/** A console in which everything has a row. */
async function usedConsole(): Promise<[TestConsole, paths: string[]]> {
  const console = await openConsole()
  const path = `/accounts/${bob}`
  for (const [form, fields] of [
    [`${path}/takedown`, { reason: 'spam' }],
    [`${path}/suspend`, {}],
    [`${path}/announce`, {}],
    ['/moderation/cases/1/note', { text: 'seen' }],
    ['/moderation/cases/1/escalate', {}],
    ['/invites', { count: '1', uses: '3' }],
    ['/domains', { domain: '.a.example' }],
    ['/tenants/roomy/suspend', {}],
  ] as const) {
    await submit(console, form, fields)
  }
  const made = await (await submit(console, '/webhooks', { url: 'https://h.example/' })).text()
  const [, endpoint = ''] = /\/admin(\/webhooks\/we_\w+)"/.exec(made)!
  await submit(console, `${endpoint}/test`)
  await submit(console, `${endpoint}/disable`)
  const more = [`${path}?done=suspended`, `/accounts/${anna}`, '/tenants/roomy', endpoint]
  return [
    console,
    [
      ...sections.map(([section]) => section),
      ...[...more, '/nothing', '/accounts?q=nobody', '/configuration?q=nothing'],
      ...['/moderation?state=closed', '/moderation/takedowns', '/moderation/cases/1'],
    ],
  ]
}

it.each(['de', 'ja'])('no page of the console has an English sentence in %s', async (language) => {
  const [console, paths] = await usedConsole()
  const translated = await translatedTexts(language)
  for (const path of paths) {
    const html = await pageIn(console, language, path)
    expect(html, path).toContain(`<html lang="${language}">`)
    const said = saidOn(html)
    expect(said.length, path).toBeGreaterThan(20)
    const english = said.filter((text) => translated.has(text) || englishWords.test(text))
    expect([path, ...english]).toEqual([path])
  }
  expect(console.errors).toEqual([])
})

it.each([
  ['/tenants', { id: 'x' }, 'Eine ID hat 3 bis 32'],
  ['/tenants', { id: '' }, 'Fülle „ID“ aus.'],
  ['/invites', { count: 'many' }, '„Anzahl“ muss eine ganze Zahl sein.'],
  ['/moderation', { subject: 'nobody.test' }, 'Gib das Handle oder die DID'],
  [`/accounts/${bob}/delete`, { typed: 'bob' }, 'Der Text stimmt nicht überein.'],
  ['/webhooks', { url: 'http://h.example/' }, 'Diese URL kann nicht verwendet werden.'],
  ['/moderation/cases/1/close', { decision: 'no' }, 'Wähle eine Entscheidung.'],
])('%s with %o is refused in the language of the page', async (path, fields, text) => {
  const console = await openConsole()
  const headers = { 'accept-language': 'de' }
  const answer = await (await submit(console, path, { ...fields }, { headers })).text()
  expect(/role="alert">([^<]*)</.exec(answer)?.[1]).toContain(text)
})
