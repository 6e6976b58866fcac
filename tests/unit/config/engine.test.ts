import { expect, it } from 'vitest'
import { awakeAccountsFor, ConfigError, readConfig } from '#src/config/config.ts'

/** The configuration errors of an environment. */
function mistakesOf(env: Record<string, string>): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    const [, ...mistakes] = (error as Error).message.split('\n  - ')
    return mistakes
  }
}

it('the URL of an engine may contain its namespace and token, and nothing that contradicts it', () => {
  const RIVET_ENDPOINT = 'https://my%20space:sk_1@api.rivet.dev/'
  const parts = { endpoint: 'https://api.rivet.dev', namespace: 'my space', token: 'sk_1' }
  expect(readConfig({ RIVET_ENDPOINT }).engine).toMatchObject(parts)
  expect(readConfig({ RIVET_ENDPOINT, RIVET_TOKEN: 'sk_1' }).engine).toMatchObject(parts)
  expect(mistakesOf({ RIVET_ENDPOINT, RIVET_TOKEN: 'other', RIVET_NAMESPACE: 'other' })).toEqual([
    'RIVET_NAMESPACE is not the namespace that RIVET_ENDPOINT contains',
    'RIVET_TOKEN is not the token that RIVET_ENDPOINT contains',
  ])
})

it.each(['http://127.0.0.1:6420', 'http://localhost:6420', 'http://[::1]:6420'])(
  'actors with an engine of another process at %s must be given its folder, or survive no power failure',
  (RIVET_ENDPOINT) => {
    expect(mistakesOf({ RIVET_ENDPOINT })[0]).toContain('PDS_ENGINE_DIRECTORY is required')
    expect(mistakesOf({ RIVET_ENDPOINT, PDS_ROLE: 'gateway' })).toEqual([])
    const { engine } = readConfig({ RIVET_ENDPOINT, PDS_ENGINE_DIRECTORY: '/pds/engine' })
    expect(engine).toMatchObject({ directory: '/pds/engine', durability: 'power' })
    const { durability } = readConfig({ RIVET_ENDPOINT, PDS_DURABILITY: 'process' }).engine
    expect(durability).toBe('process')
    expect(readConfig({ RIVET_ENDPOINT, PDS_DURABILITY: 'engine' }).engine).toMatchObject({
      directory: undefined,
      durability: 'engine',
    })
    expect(mistakesOf({ PDS_ENGINE_DIRECTORY: '/pds/engine' })).toEqual([
      'PDS_ENGINE_DIRECTORY is only for an engine of another process (RIVET_ENDPOINT)',
    ])
  },
)

it('durability is up to the engine only if that is another one and its folder is not named', () => {
  const PDS_DURABILITY = 'engine'
  const RIVET_ENDPOINT = 'http://127.0.0.1:6420'
  const mistake =
    'PDS_DURABILITY=engine is only for an engine of another process (RIVET_ENDPOINT) that does not store in a folder'
  expect(mistakesOf({ PDS_DURABILITY })).toEqual([mistake])
  expect(
    mistakesOf({ PDS_DURABILITY, RIVET_ENDPOINT, PDS_ENGINE_DIRECTORY: '/pds/engine' }),
  ).toEqual([mistake])
})

it('the address for other processes is one that they can reach', () => {
  for (const PDS_PEER_HOST of ['0.0.0.0', '::', 'runner.internal']) {
    expect(mistakesOf({ PDS_PEER_HOST })[0]).toContain('an IP address that other processes reach')
  }
  expect(readConfig({ PDS_PEER_HOST: 'fd12::1' }).peers.host).toBe('fd12::1')
})

it('by default an account may be awake for each 4 MB of memory, and 256 in any case', () => {
  expect([2 ** 28, 2 ** 30, 2 ** 33].map(awakeAccountsFor)).toEqual([256, 256, 2048])
  const { maxAwakeAccounts } = readConfig({ PDS_MAX_AWAKE_ACCOUNTS: '7' }).actors
  expect(maxAwakeAccounts).toBe(7)
  expect(readConfig({}).actors.maxAwakeAccounts).toBeGreaterThanOrEqual(256)
})
