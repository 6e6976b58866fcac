import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Invocation } from '#src/cli/command.ts'
import { type Ask, setUp } from '#src/cli/setup.ts'
import { fileText, networkVariables } from '#src/cli/setup-file.ts'
import { readConfig } from '#src/config/config.ts'
import { sources } from '#tests/support/sources.ts'

let folder: string
let file: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'headwater-setup-'))
  file = join(folder, 'headwater.env')
})
afterEach(() => rmSync(folder, { recursive: true }))

/** Runs the command with these options; `typed` are answers by the beginning of the question. */
async function run(options: Record<string, string | boolean>, typed?: Record<string, string>) {
  const printed: string[] = []
  const asked: string[] = []
  const ask: Ask = async (text) => {
    asked.push(text)
    return Object.entries(typed!).find(([start]) => text.includes(start))?.[1] ?? ''
  }
  const invocation = {
    operands: [],
    options: { file, 'skip-checks': true, ...options },
    report() {},
    print: (line: string) => printed.push(line),
  } as Partial<Invocation> as Invocation
  await setUp(invocation, typed && ask)
  return { printed: printed.join('\n'), asked }
}

const written = () => parseEnv(readFileSync(file, 'utf8'))
const secrets = [
  'PDS_JWT_SECRET',
  'PDS_ADMIN_PASSWORD',
  'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
  'PDS_KEY_ENCRYPTION_KEY_HEX',
]

describe('headwater setup', () => {
  it('headwater setup writes variables with which a public server starts, for this user only', async () => {
    const { printed } = await run({ hostname: 'https://PDS.example.com/' })
    expect(statSync(file).mode & 0o777).toBe(0o600)
    const config = readConfig(written())
    expect(config).toMatchObject({
      mode: 'production',
      gateway: { hostname: 'pds.example.com' },
      service: { handleDomains: ['.pds.example.com'] },
      invites: { required: true },
      warnings: [],
    })
    const values = secrets.map((name) => written()[name])
    expect(new Set(values).size).toBe(4)
    expect(printed).toContain('half of every backup')
    for (const value of values) expect(printed).not.toContain(value)
  })

  it('headwater setup asks for what is not given, and takes the default for an empty answer', async () => {
    const { asked } = await run(
      { 'handle-domains': '*.one.example, two.example' },
      {
        'host name': 'pds.example.com',
        'Your mail': 'admin@example.com',
        'Mail server': 'smtps://me:a%27b$c@mail.example.com',
        invite: 'no',
      },
    )
    expect(asked).toHaveLength(5)
    expect(asked.find((text) => text.startsWith('Sender'))).toContain('[admin@example.com]')
    expect(written()).toMatchObject({
      PDS_SERVICE_HANDLE_DOMAINS: '.one.example,.two.example',
      PDS_CONTACT_EMAIL_ADDRESS: 'admin@example.com',
      PDS_EMAIL_SMTP_URL: 'smtps://me:a%27b$c@mail.example.com',
      PDS_EMAIL_FROM_ADDRESS: 'admin@example.com',
      PDS_INVITE_REQUIRED: 'false',
    })
    expect(readFileSync(file, 'utf8')).toContain("='smtps://me:a%27b$c@mail.example.com'")
  })

  it('headwater setup leaves a file that exists alone, unless it is asked to change it', async () => {
    writeFileSync(file, 'PDS_JWT_SECRET=kept')
    await expect(run({ hostname: 'pds.example.com' })).rejects.toThrow('exists: --change')
    await expect(run({ hostname: 'pds.example.com' }, { exists: 'no' })).rejects.toThrow('exists')
    expect(readFileSync(file, 'utf8')).toBe('PDS_JWT_SECRET=kept')
  })

  it('headwater setup keeps the secrets and other variables of a file that it changes', async () => {
    await run({ hostname: 'pds.example.com' })
    const before = written()
    writeFileSync(
      file,
      `${readFileSync(file, 'utf8')}\nLOG_LEVEL=warn\nPDS_CRAWLERS=https://r.example\n`,
    )
    const { printed } = await run({ change: true, 'admin-email': 'admin@example.com' })
    expect(printed).toContain('Changed')
    expect(written()).toEqual({
      ...before,
      LOG_LEVEL: 'warn',
      PDS_CRAWLERS: 'https://r.example',
      PDS_CONTACT_EMAIL_ADDRESS: 'admin@example.com',
    })
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it('headwater setup writes nothing if an answer is missing or wrong', async () => {
    await expect(run({})).rejects.toThrow('missing option: --hostname')
    await expect(run({ hostname: 'not a name' })).rejects.toThrow(
      'PDS_HOSTNAME must be a host name',
    )
    const hostname = 'pds.example.com'
    await expect(run({ hostname, 'smtp-url': 'mail.example.com' })).rejects.toThrow(
      'an smtp or smtps',
    )
    await expect(run({ hostname, 'admin-email': "o'neill@example.com" })).rejects.toThrow('quotes')
    expect(() => statSync(file)).toThrow('ENOENT')
  })
})

describe('the file', () => {
  it('the example of one box has the variables that headwater setup writes', async () => {
    await run({
      hostname: 'pds.example.com',
      'smtp-url': 'smtp://mail',
      'admin-email': 'a@example',
    })
    const example = parseEnv(sources('deploy/one-box/headwater.env.example')[0]!.text)
    expect(Object.keys(example).sort()).toEqual(Object.keys(written()).sort())
    expect(example).toMatchObject(networkVariables)
  })

  it('a value with spaces or signs is quoted, and one that cannot be is refused', () => {
    const value = 'two words # and $HOME'
    expect(parseEnv(fileText({ PDS_SERVICE_NAME: value }))).toEqual({ PDS_SERVICE_NAME: value })
    expect(() => fileText({ PDS_SERVICE_NAME: "it's" })).toThrow('PDS_SERVICE_NAME')
  })
})
