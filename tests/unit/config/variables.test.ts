import { expect, it } from 'vitest'
import { readConfig } from '#src/config/config.ts'
import { ourNames, referenceNames } from '#src/config/names.ts'
import { isSecretName } from '#src/config/variables.ts'

const find = (env: Record<string, string>, name: string) =>
  readConfig(env).variables.find((one) => one.name === name)

it('a variable has its value, and where that is from', () => {
  const env = { PDS_PORT: '2600', PDS_CRAWLERS: ' https://relay.example ' }
  expect(find(env, 'PDS_PORT')).toMatchObject({ value: '2600', source: 'environment' })
  expect(find(env, 'PDS_CRAWLERS')).toMatchObject({ value: 'https://relay.example' })
  expect(find({}, 'PDS_PORT')).toMatchObject({ value: '2583', source: 'default' })
  expect(find({ PDS_PORT: ' ' }, 'PDS_PORT')).toMatchObject({ source: 'default' })
  expect(find({}, 'PDS_LOGO_URL')).toMatchObject({ value: undefined, source: 'none' })
  expect(find({}, 'PDS_JWT_SECRET')).toMatchObject({ value: undefined, source: 'data folder' })
  expect(find({}, 'PDS_REDIS_SCRATCH_ADDRESS')).toMatchObject({ isIgnored: true })
})

it('every variable is listed once', () => {
  const names = readConfig({}).variables.map(({ name }) => name)
  expect(names).toEqual([...new Set(names)].toSorted())
  expect(names).toEqual(expect.arrayContaining([...ourNames, ...referenceNames]))
})

it('no secret is listed, and no password or token of a URL', () => {
  const secrets = [...ourNames, ...referenceNames].filter(isSecretName)
  expect(secrets).toEqual(
    expect.arrayContaining([
      'PDS_ADMIN_PASSWORD',
      'PDS_JWT_SECRET',
      'PDS_EMAIL_SMTP_URL',
      'RIVET_TOKEN',
    ]),
  )
  const env = {
    PDS_ADMIN_PASSWORD: 'hidden-password',
    PDS_EMAIL_SMTP_URL: 'smtps://user:hidden-password@mail.example',
    PDS_EMAIL_FROM_ADDRESS: 'pds@mail.example',
    PDS_CRAWLERS: 'https://user:hidden-password@a.example?api_key=hidden-key,https://b.example',
    RIVET_ENDPOINT: 'https://namespace:hidden-token@engine.example',
  }
  const { variables } = readConfig(env)
  expect(JSON.stringify(variables)).not.toContain('hidden-')
  expect(variables.filter(({ isSecret, value }) => isSecret && value !== undefined)).toEqual([])
  expect(find(env, 'PDS_CRAWLERS')?.value).toBe('https://…@a.example?api_key=…,https://b.example')
})
