/** The file that `headwater setup` writes: a server's variables, for systemd, Docker Compose and `node --env-file`. */
import { randomBytes } from 'node:crypto'
import { existsSync, renameSync, writeFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { UsageError } from '#src/cli/command.ts'
import { fileError } from '#src/cli/file-error.ts'
import { readTextFile } from '#src/cli/read-text-file.ts'

export type Variables = Readonly<Record<string, string | undefined>>

const generators: Record<string, () => string> = {
  PDS_JWT_SECRET: () => randomBytes(32).toString('hex'),
  PDS_ADMIN_PASSWORD: () => randomBytes(16).toString('hex'),
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: () => randomBytes(32).toString('hex'),
  PDS_KEY_ENCRYPTION_KEY_HEX: () => randomBytes(32).toString('hex'),
}

/** What a server of the public network has. */
export const networkVariables: Variables = {
  PDS_RATE_LIMITS_ENABLED: 'true',
  PDS_CRAWLERS: 'https://bsky.network',
  PDS_BSKY_APP_VIEW_URL: 'https://api.bsky.app',
  PDS_BSKY_APP_VIEW_DID: 'did:web:api.bsky.app',
  PDS_REPORT_SERVICE_URL: 'https://mod.bsky.app',
  PDS_REPORT_SERVICE_DID: 'did:plc:ar7c4by46qjdydhdevvrndac',
}

/** With a generated value for each secret that `known` lacks. */
export function withSecrets(known: Variables): Variables {
  const missing = Object.entries(generators).filter(([name]) => !known[name])
  return { ...known, ...Object.fromEntries(missing.map(([name, make]) => [name, make()])) }
}

/** The variables in a file; undefined if it does not exist. */
export function readVariables(path: string): Variables | undefined {
  if (!existsSync(path)) return undefined
  return parseEnv(readTextFile(path))
}

/** For this user only, in one step. Unless it `replaces` a file, it throws if there is one. */
export function writeVariables(path: string, variables: Variables, replaces: boolean): void {
  const text = fileText(variables)
  const draft = `${path}-draft`
  try {
    writeFileSync(replaces ? draft : path, text, { mode: 0o600, flag: 'wx', flush: true })
    if (replaces) renameSync(draft, path)
  } catch (error) {
    throw fileError('write', path, error)
  }
}

export function fileText(variables: Variables): string {
  const set = Object.entries(variables).filter(([, value]) => value)
  const isSecret = (name: string) => name in generators
  const lines = (secret: boolean) =>
    set
      .filter(([name]) => isSecret(name) === secret)
      .map(([name, value]) => `${name}=${quoted(name, value!)}`)
  return [
    '# Variables of a Headwater server. All of them: docs/operate/variables.md',
    ...lines(false),
    '',
    '# Secrets. Without the last two the data cannot be used: keep a copy of this file in a second place, apart from',
    '# backups of the data (docs/operate/keys.md).',
    ...lines(true),
    '',
  ].join('\n')
}

// Its readers differ in what else they expand, but all take what is between single quotes as it is.
function quoted(name: string, value: string): string {
  if (/^[\w.,:/@%+=-]*$/.test(value)) return value
  if (/['\n\r]/.test(value)) {
    throw new UsageError(`${name} may not have quotes or line breaks: in a URL write %27 for '`)
  }
  return `'${value}'`
}
