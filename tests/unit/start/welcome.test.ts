import { expect, it } from 'vitest'
import { readConfig } from '#src/config/config.ts'
import { welcome } from '#src/start/welcome.ts'

const folder = { path: '/data', at: (...names: string[]) => ['/data', ...names].join('/') }
const urls = { url: 'http://127.0.0.1:2583', plcUrl: 'http://127.0.0.1:2582' }

it('a development server prints its addresses, where mails and the admin password are, and a first call', () => {
  const text = welcome(readConfig({}), folder, urls)
  for (const part of [
    ...['Headwater is at http://localhost:2583', 'http://localhost:2583/account'],
    ...['http://127.0.0.1:2582', '/data/mail', '/data/secrets.json (adminPassword)'],
    ...['npx headwater --help', 'com.atproto.server.createAccount'],
  ]) {
    expect(text).toContain(part)
  }
})

it('a public server prints no PLC directory and no first call', () => {
  const env = {
    PDS_HOSTNAME: 'pds.example.com',
    PDS_JWT_SECRET: 'x'.repeat(32),
    PDS_ADMIN_PASSWORD: 'y'.repeat(32),
    PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: 'ab'.repeat(32),
    PDS_KEY_ENCRYPTION_KEY_HEX: 'cd'.repeat(32),
  }
  const text = welcome(readConfig(env), folder, urls)
  expect(text).toContain('https://pds.example.com/account')
  expect(text).toContain('password in PDS_ADMIN_PASSWORD')
  expect(text).not.toContain('2582')
  expect(text).not.toContain('createAccount')
  expect(text).not.toContain('y'.repeat(32))
})

it('a process without a gateway prints its role and its data folder', () => {
  const text = welcome(readConfig({ PDS_ROLE: 'actors' }), folder, {})
  expect(text).toBe('Headwater (actors) stores its data in /data')
})
