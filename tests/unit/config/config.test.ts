import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '#src/config/config.ts'

const hex = (digit: string) => digit.repeat(64)

const production = {
  PDS_HOSTNAME: 'pds.example.com',
  PDS_JWT_SECRET: 'a-secret-of-many-letters',
  PDS_ADMIN_PASSWORD: 'open sesame, please',
  PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX: hex('a'),
  PDS_KEY_ENCRYPTION_KEY_HEX: hex('b'),
}

/** The configuration errors of an environment, one line each. */
function mistakesOf(env: Record<string, string>): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.replace('  - ', ''))
  }
}

it('PDS_ADMIN_PASSWORD and PDS_JWT_SECRET of a production server have at least 16 characters', () => {
  const short = { PDS_ADMIN_PASSWORD: 'fifteen letters', PDS_JWT_SECRET: 'short' }
  expect(mistakesOf({ ...production, ...short })).toEqual([
    'PDS_JWT_SECRET must be at least 16 characters',
    'PDS_ADMIN_PASSWORD must be at least 16 characters',
  ])
  expect(mistakesOf(short)).toEqual([])
})

describe('a development server', () => {
  it('a development server needs no configuration', () => {
    const config = readConfig({ PATH: '/bin', HOME: '/home/someone' })
    expect(config).toMatchObject({
      mode: 'development',
      role: 'all',
      dataDirectory: 'data',
      gateway: { host: '127.0.0.1', port: 2583, publicUrl: 'http://localhost:2583' },
      service: { did: 'did:web:localhost', handleDomains: ['.test'] },
      secrets: {},
      imports: { accepted: true, maxBytes: 512 * 1024 * 1024, maxRecords: 1_000_000 },
      identity: { plcUrl: undefined, privateNetworks: true, resolverTimeoutMs: 3000 },
      engine: {
        endpoint: undefined,
        namespace: 'default',
        port: undefined,
        durability: 'power',
      },
      actors: { sleepTimeoutMs: 60_000 },
      invites: { required: false },
      sequencer: { backfillMs: 86_400_000, subscriptionBuffer: 500 },
      metrics: { open: false },
      log: { level: 'debug' },
      warnings: [],
    })
  })

  it('a server with the host name localhost is a development server, and may have short secrets', () => {
    const config = readConfig({
      PDS_HOSTNAME: 'localhost',
      PDS_JWT_SECRET: 'short',
      PDS_PORT: '80',
    })
    expect(config.mode).toBe('development')
    expect(config.gateway.publicUrl).toBe('http://localhost:80')
    expect(config.secrets.jwtSecret).toBe('short')
  })
})

describe('a production server', () => {
  it('a server with a public host name is a production server', () => {
    const config = readConfig(production)
    expect(config).toMatchObject({
      mode: 'production',
      dataDirectory: '/pds',
      gateway: { hostname: 'pds.example.com', publicUrl: 'https://pds.example.com' },
      service: { did: 'did:web:pds.example.com', handleDomains: ['.pds.example.com'] },
      identity: { plcUrl: 'https://plc.directory', privateNetworks: false },
      invites: { required: true },
      secrets: { plcRotationKeyHex: hex('a'), sealKeyHex: hex('b') },
      log: { level: 'info' },
    })
  })

  it('a production server requires its secrets, and names all missing ones in one message', () => {
    const mistakes = mistakesOf({ PDS_HOSTNAME: 'pds.example.com', PDS_JWT_SECRET: '' })
    expect(mistakes.map((mistake) => mistake.split(' ')[0])).toEqual([
      'PDS_JWT_SECRET',
      'PDS_ADMIN_PASSWORD',
      'PDS_PLC_ROTATION_KEY_K256_PRIVATE_KEY_HEX',
      'PDS_KEY_ENCRYPTION_KEY_HEX',
    ])
  })

  it('a production server rejects weak and malformed secrets without printing them', () => {
    const bad = { ...production, PDS_JWT_SECRET: 'hunter2', PDS_KEY_ENCRYPTION_KEY_HEX: 'c0ffee' }
    const mistakes = mistakesOf(bad)
    expect(mistakes).toHaveLength(2)
    expect(mistakes.join()).not.toMatch(/hunter2|c0ffee/)
  })

  it('every process with the same JWT secret derives the same internal token', () => {
    const token = (env: object) => readConfig({ ...production, ...env }).secrets.internalToken
    expect(token({})).toMatch(/^[0-9a-f]{64}$/)
    expect(token({ PDS_ROLE: 'gateway' })).toBe(token({ PDS_ROLE: 'actors' }))
    expect(token({ PDS_JWT_SECRET: 'another-secret-of-letters' })).not.toBe(token({}))
    expect(token({ PDS_INTERNAL_TOKEN: 'a-token-of-my-choice' })).toBe('a-token-of-my-choice')
  })
})

describe('variables', () => {
  it("the reference's variables work under their names", () => {
    const config = readConfig({
      ...production,
      PDS_PORT: '3000',
      PDS_DATA_DIRECTORY: '/somewhere',
      PDS_SERVICE_DID: 'did:web:other.example.com',
      PDS_SERVICE_HANDLE_DOMAINS: '.a.example.com, .B.example.com',
      PDS_DID_PLC_URL: 'http://plc:2582/',
      PDS_RECOVERY_DID_KEY: 'did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme',
      PDS_INVITE_REQUIRED: '0',
      PDS_BLOB_UPLOAD_LIMIT: '104857600',
      PDS_MAX_SUBSCRIPTION_BUFFER: '9',
      PDS_REPO_BACKFILL_LIMIT_MS: '1000',
      PDS_ID_RESOLVER_TIMEOUT: '10',
      PDS_DEV_MODE: 'true',
      PDS_CONTACT_EMAIL_ADDRESS: 'me@example.com',
      PDS_CRAWLERS: 'https://bsky.network, http://relay:2470/',
      PDS_RATE_LIMITS_ENABLED: 'true',
      PDS_RATE_LIMIT_BYPASS_KEY: 'let me by',
      PDS_RATE_LIMIT_BYPASS_IPS: '192.0.2.7,2001:db8::/32',
      PDS_TRUSTED_PROXIES: '198.51.100.0/24',
      LOG_LEVEL: 'debug',
    })
    expect(config).toMatchObject({
      gateway: { port: 3000 },
      dataDirectory: '/somewhere',
      service: {
        did: 'did:web:other.example.com',
        handleDomains: ['.a.example.com', '.b.example.com'],
        contactEmailAddress: 'me@example.com',
      },
      identity: { plcUrl: 'http://plc:2582', resolverTimeoutMs: 10, privateNetworks: true },
      invites: { required: false },
      limits: { blobUploadBytes: 104857600 },
      sequencer: { backfillMs: 1000, subscriptionBuffer: 9 },
      crawlers: ['https://bsky.network', 'http://relay:2470'],
      rateLimits: {
        enabled: true,
        bypassKey: 'let me by',
        bypassIps: ['192.0.2.7', '2001:db8::/32'],
        trustedProxies: ['198.51.100.0/24'],
      },
      log: { level: 'debug' },
    })
  })

  it('empty variables count as unset', () => {
    expect(readConfig({ PDS_PORT: '', PDS_HOSTNAME: '' }).gateway.port).toBe(2583)
  })

  it('the port is PORT, as hosting platforms set it, unless PDS_PORT is set', () => {
    expect(readConfig({ PORT: '8080' }).gateway.port).toBe(8080)
    expect(readConfig({ PORT: '8080', PDS_PORT: '3000' }).gateway.port).toBe(3000)
    expect(mistakesOf({ PORT: 'http' })).toEqual([
      'PORT must be an integer from 1 to 65535, not "http"',
    ])
  })

  it('the engine can be shared, and the log turned off', () => {
    const config = readConfig({
      PDS_ROLE: 'gateway',
      RIVET_ENDPOINT: 'http://engine:6420/',
      RIVET_TOKEN: 'token',
      RIVET_NAMESPACE: 'pds',
      LOG_ENABLED: 'false',
    })
    expect(config.role).toBe('gateway')
    expect(config.engine).toMatchObject({
      endpoint: 'http://engine:6420',
      token: 'token',
      namespace: 'pds',
    })
    expect(config.log.level).toBe('silent')
  })

  it.each([
    ['PDS_PORT', '70000'],
    ['PDS_PORT', '0x50'],
    ['PDS_PORT', '-1'],
    ['PDS_ROLE', 'both'],
    ['PDS_HOSTNAME', 'https://pds.example.com'],
    ['PDS_HOSTNAME', 'pds.example.com:3000'],
    ['PDS_SERVICE_DID', 'pds.example.com'],
    ['PDS_BSKY_APP_VIEW_DID', 'did:web:example.com:'],
    ['PDS_SERVICE_HANDLE_DOMAINS', 'example.com'],
    ['PDS_SERVICE_HANDLE_DOMAINS', '.example.com,'],
    ['PDS_DID_PLC_URL', 'plc.directory'],
    ['PDS_RECOVERY_DID_KEY', 'zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme'],
    ['PDS_INVITE_REQUIRED', 'yes'],
    ['PDS_MAX_SUBSCRIPTION_BUFFER', '0'],
    ['PDS_REPO_BACKFILL_LIMIT_MS', '1e3'],
    ['PDS_ENGINE_PORT', '65535'],
    ['RIVET_ENDPOINT', 'engine:6420'],
    ['PDS_CRAWLERS', 'bsky.network'],
    ['PDS_RATE_LIMIT_BYPASS_IPS', '192.0.2.300'],
    ['PDS_TRUSTED_PROXIES', '192.0.2.0/33'],
    ['LOG_LEVEL', 'loud'],
  ])("the invalid value %s=%s is rejected with the variable's name", (name, value) => {
    const [mistake, ...others] = mistakesOf({ [name]: value }).filter((m) => m.startsWith(name))
    expect(mistake).toContain(`not "${value}"`)
    expect(others).toEqual([])
  })

  it('unknown variables are rejected, with the nearest known name', () => {
    const mistakes = mistakesOf({
      PDS_HOSTNAM: 'x',
      PDS_ADMIN_PASWORD: 'x',
      PDS_FLUX_CAPACITOR: '',
    })
    expect(mistakes).toEqual([
      'PDS_HOSTNAM is not a known variable; did you mean PDS_HOSTNAME?',
      'PDS_ADMIN_PASWORD is not a known variable; did you mean PDS_ADMIN_PASSWORD?',
      'PDS_FLUX_CAPACITOR is not a known variable',
    ])
  })

  it('all configuration errors are reported together', () => {
    const mistakes = mistakesOf({ PDS_HOSTNAME: 'a.example', PDS_PORT: 'x', PDS_PROT: '1' })
    expect(mistakes).toHaveLength(6)
  })

  it('variables of the reference without an effect here are named in one warning', () => {
    const env = {
      PDS_ENTRYWAY_URL: 'https://x',
      PDS_REDIS_SCRATCH_ADDRESS: 'redis:6379',
      LOG_SYSTEMS: '',
    }
    expect(readConfig(env).warnings).toEqual([
      'Variables that have no effect here: PDS_ENTRYWAY_URL, PDS_REDIS_SCRATCH_ADDRESS',
    ])
  })
})

describe('the services', () => {
  it('services are unset by default, and set by URL and DID', () => {
    const none = {
      ...{ appView: undefined, moderation: undefined, report: undefined },
      localReports: false,
    }
    expect(readConfig({}).services).toEqual(none)
    const view = {
      PDS_BSKY_APP_VIEW_URL: 'https://av.example/',
      PDS_BSKY_APP_VIEW_DID: 'did:web:av.example',
      PDS_MOD_SERVICE_URL: 'https://mod.example',
      PDS_MOD_SERVICE_DID: 'did:web:mod.example',
    }
    const moderation = { url: 'https://mod.example', did: 'did:web:mod.example' }
    expect(readConfig(view).services).toEqual({
      appView: { url: 'https://av.example', did: 'did:web:av.example', cdnUrlPattern: undefined },
      ...{ moderation, report: moderation, localReports: false },
    })
    expect(mistakesOf({ PDS_BSKY_APP_VIEW_URL: 'https://av.example' })).toEqual([
      'PDS_BSKY_APP_VIEW_DID is required: PDS_BSKY_APP_VIEW_URL is set',
    ])
  })

  it("services get the reference's timeouts and size limits", () => {
    expect(readConfig({}).proxy).toEqual({
      ...{ http2: false, headersTimeoutMs: 10_000, bodyTimeoutMs: 30_000, maxRetries: 0 },
      ...{ maxBytes: 10 * 1024 * 1024, fetchMaxBytes: 512 * 1024, preferCompressed: false },
    })
  })
})
