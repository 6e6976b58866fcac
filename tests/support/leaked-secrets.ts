/** Secrets that no log may contain; checked in the output of every server that a test starts. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const forbidden: readonly [what: string, RegExp][] = [
  ['a token', /eyJ[\w-]{8,}\.[\w-]{8,}/],
  ['credentials', /\b(Bearer|Basic|DPoP) [\w+/=.-]{16,}/],
  ['a refresh token or a code of an app', /\b(ref|cod)-[0-9a-f]{32,}/],
  ['a session of a browser', /\bses-[0-9a-f]{32,}/],
  ['a code that was mailed', /\b[A-Z2-7]{5}-[A-Z2-7]{5}\b/],
  ['an app password', /\b[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}\b/],
]

/**
 * Each secret in `text`, with its line. `folder` is the server's data folder, with its generated secrets.
 */
export function leakedSecrets(text: string, folder: string): string[] {
  const lines = text.split('\n')
  const secrets = generatedSecrets(folder)
  return lines.flatMap((line) => {
    const kinds = forbidden.filter(([, pattern]) => pattern.test(line)).map(([what]) => what)
    if (secrets.some((secret) => line.includes(secret))) kinds.push('a secret of the server')
    return kinds.map((what) => `${what}: ${line.slice(0, 500)}`)
  })
}

function generatedSecrets(folder: string): string[] {
  const file = join(folder, 'secrets.json')
  if (!existsSync(file)) return []
  const values = Object.values(JSON.parse(readFileSync(file, 'utf8')) as object)
  return values.filter((value) => typeof value === 'string' && value.length > 8)
}
