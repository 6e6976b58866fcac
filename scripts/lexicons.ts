/** Generates src/protocol/lexicons from the lexicon documents that come with `@atproto/api`, and those beside this file. */
import { execFileSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { schemas } from '@atproto/api'
import siteStandard from './lexicons/site.standard.json' with { type: 'json' }

/** The methods of a PDS; whatever they and the records refer to comes along. */
const methods = ['admin', 'identity', 'moderation', 'repo', 'server', 'sync'].map(
  (group) => `com.atproto.${group}.*`,
)

/** What is the AppView's to answer, and passes through here or is kept here. */
const ofTheAppView = [
  ...['getPreferences', 'putPreferences', 'getProfile', 'getProfiles'].map(
    (name) => `actor.${name}`,
  ),
  ...['getActorLikes', 'getAuthorFeed', 'getFeed', 'getPostThread', 'getTimeline'].map(
    (name) => `feed.${name}`,
  ),
  ...['registerPush', 'unregisterPush'].map((name) => `notification.${name}`),
].map((name) => `app.bsky.${name}`)

const root = join(import.meta.dirname, '..')
const out = join(root, 'src/protocol/lexicons')
const documents = mkdtempSync(join(tmpdir(), 'lexicons-'))

/** Long-form writing, which the reference knows and that package does not. */
const all: readonly { id: string; defs: object }[] = [...schemas, ...siteStandard]

const records = all
  .filter(({ defs }) => (defs as Record<string, { type: string }>)['main']?.type === 'record')
  .map(({ id }) => id)

for (const document of all) {
  const file = join(documents, `${document.id.replaceAll('.', '/')}.json`)
  mkdirSync(dirname(file), { recursive: true })
  // That package spells its references out as URIs; lexicon documents don't.
  writeFileSync(file, JSON.stringify(document).replaceAll('"lex:', '"'))
}
const build = ['build', '--lexicons', documents, '--out', out, '--clear', '--index-file']
const options = [
  '--import-ext',
  '.ts',
  '--include',
  ...methods,
  'com.atproto.temp.checkSignupQueue',
  ...ofTheAppView,
  ...records,
]
const lex = join(root, 'node_modules/.bin/lex')
execFileSync(process.execPath, [lex, ...build, ...options], { stdio: 'inherit' })
rmSync(documents, { recursive: true })

const files = globSync('**/*.ts', { cwd: out })
for (const file of files) {
  const path = join(out, file)
  const definitions = file.replace(/ts$/, 'defs.ts')
  if (files.includes(definitions)) {
    // It only passes on what its definitions have; each file costs time when the server starts.
    rmSync(path)
    continue
  }
  const text = readFileSync(path, 'utf8').replace(/'(\.\/.*)\.ts'/g, (specifier, name) => {
    const target = `${join(dirname(file), name)}.defs.ts`
    return files.includes(target) ? `'${name}.defs.ts'` : specifier
  })
  // The generator does not write for `exactOptionalPropertyTypes`.
  writeFileSync(path, `// @ts-nocheck\n${text}`)
}

const imports = records.map((id, i) => {
  return `import { main as record${i} } from './${id.replaceAll('.', '/')}.defs.ts'`
})
writeFileSync(
  join(out, 'records.ts'),
  `/** Every record type of the bundled lexicons. Made by scripts/lexicons.ts. */
${imports.join('\n')}

export const records = [${records.map((_, i) => `record${i}`).join(', ')}]
`,
)
