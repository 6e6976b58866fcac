import { expect, it } from 'vitest'
import { ConfigError, readConfig } from '#src/config/config.ts'

it('the OAuth pages show the host name unless a name is configured', () => {
  expect(readConfig({}).oauth).toEqual({
    branding: { name: 'localhost PDS', colors: {}, background: {}, links: [] },
    trustedClients: [],
    lexiconAuthorityDid: undefined,
    hcaptcha: undefined,
    dpopSecretHex: undefined,
  })
})

it("the reference's OAuth variables set branding and trusted clients", () => {
  const { oauth } = readConfig({
    PDS_SERVICE_NAME: 'A place',
    PDS_LOGO_URL: 'https://example.com/logo.png',
    PDS_PRIMARY_COLOR: '#7c3aed',
    PDS_ERROR_COLOR: 'rgb(255, 0, 0)',
    PDS_BACKGROUND_DARK_URL: 'data:image/png;base64,AAAA',
    PDS_HOME_URL: 'https://example.com',
    PDS_TERMS_OF_SERVICE_URL: 'https://example.com/terms',
    PDS_PRIVACY_POLICY_URL: 'https://example.com/privacy',
    PDS_SUPPORT_URL: 'https://example.com/help',
    PDS_OAUTH_TRUSTED_CLIENTS:
      'https://a.example.com/client.json, https://b.example.com/client.json',
    PDS_LEXICON_AUTHORITY_DID: 'did:plc:abc',
    PDS_DPOP_SECRET: 'a'.repeat(64),
    PDS_HCAPTCHA_SITE_KEY: 'site',
    PDS_HCAPTCHA_SECRET_KEY: 'secret',
    PDS_HCAPTCHA_TOKEN_SALT: 'salt',
  })
  expect(oauth).toMatchObject({
    branding: {
      name: 'A place',
      logo: 'https://example.com/logo.png',
      colors: { primary: '#7c3aed', error: 'rgb(255, 0, 0)' },
      background: { dark: 'data:image/png;base64,AAAA' },
    },
    trustedClients: ['https://a.example.com/client.json', 'https://b.example.com/client.json'],
    lexiconAuthorityDid: 'did:plc:abc',
    dpopSecretHex: 'a'.repeat(64),
    hcaptcha: { siteKey: 'site', secretKey: 'secret', tokenSalt: 'salt' },
  })
  expect(oauth.branding.links.map(({ rel }) => rel)).toEqual([
    'canonical',
    'terms-of-service',
    'privacy-policy',
    'help',
  ])
})

it.each([
  ['PDS_DPOP_SECRET', 'short'],
  ['PDS_PRIMARY_COLOR', 'mauve-ish'],
  ['PDS_LOGO_URL', 'logo.png'],
  ['PDS_LEXICON_AUTHORITY_DID', 'example.com'],
])('%s=%s is rejected', (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(ConfigError)
})
