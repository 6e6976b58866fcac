import { describe, expect, it } from 'vitest'
import { handleRules, noHandleSettings } from '#src/gateway/identity/handle-rules.ts'
import { validateHandleClaim, validateNewHandle } from '#src/gateway/identity/validate-handle.ts'
import { parseBranding, parseHandlePattern } from '#src/gateway/tenants/branding.ts'
import { mustBeProven, mustBeUsable } from '#src/gateway/tenants/domains.ts'
import { get, openGateway } from '#tests/support/gateway.ts'

const roomy = { domain: 'roomy.space', tenant: 'roomy', labelMin: 2, labelMax: 40 }
const rules = handleRules(['.test'], noHandleSettings, [roomy])

describe('handles under the domain of a tenant', () => {
  const tenant = 'roomy'

  it('are for its accounts only, also if the admin asks', () => {
    expect(validateNewHandle('Kitchen.Roomy.space', rules, { tenant })).toBe('kitchen.roomy.space')
    const refused = (options: object) => () =>
      validateNewHandle('kitchen.roomy.space', rules, options)
    expect(refused({})).toThrow('Not a supported handle domain')
    expect(refused({ tenant: 'second' })).toThrow('Not a supported handle domain')
    expect(refused({ allowAnyValid: true })).toThrow('Not a supported handle domain')
  })

  it('are not given for a proof by DNS either', async () => {
    const claim = { did: 'did:plc:x', handle: 'kitchen.roomy.space' }
    const proved = async () => 'did:plc:x'
    await expect(validateHandleClaim(claim, rules, proved)).rejects.toMatchObject({
      error: 'UnsupportedDomain',
    })
    expect(await validateHandleClaim({ ...claim, tenant }, rules, proved)).toBe(claim.handle)
  })

  it.each([
    ['a', 'Handle too short'],
    ['a'.repeat(41), 'Handle too long'],
    ['a.b', 'Invalid characters in handle'],
  ])('%s is refused', (label, message) => {
    const validate = () => validateNewHandle(`${label}.roomy.space`, rules, { tenant })
    expect(validate).toThrow(message)
  })

  it('may be long, and have names that the server reserves for itself', () => {
    for (const label of ['ab', 'a'.repeat(40), 'admin']) {
      const handle = `${label}.roomy.space`
      expect(validateNewHandle(handle, rules, { tenant })).toBe(handle)
    }
    expect(() => validateNewHandle('admin.test', rules, { tenant })).toThrow('Reserved handle')
  })
})

describe('domains that a tenant claims', () => {
  it.each(['localhost', 'test', 'local', 'x.local', 'a b.com', '.roomy.space', 'roomy..space', ''])(
    'no handles are possible under "%s"',
    (domain) => {
      expect(() => mustBeUsable(domain, rules, 'pds.example.com')).toThrow('No handles are')
    },
  )

  it.each(['pds.example.com', 'example.com', 'a.pds.example.com', 'a.test'])(
    '%s is not available beside those of the server',
    (domain) => {
      expect(() => mustBeUsable(domain, rules, 'pds.example.com')).toThrow('belongs to this server')
    },
  )

  it('a domain is in lower case', () => {
    expect(mustBeUsable('Roomy.Space', rules, 'pds.example.com')).toBe('roomy.space')
  })

  it('a domain is proved by the TXT record with its challenge', async () => {
    const asked: string[] = []
    const withText = (texts: string[] | null) => async (name: string) => {
      asked.push(name)
      return texts
    }
    const claim = { domain: 'roomy.space', challenge: 'abc' }
    await mustBeProven(withText(['v=spf1 -all', 'headwater-verification=abc']), claim)
    expect(asked).toEqual(['_headwater-challenge.roomy.space'])
    for (const texts of [null, [], ['headwater-verification=other'], ['abc']]) {
      const check = mustBeProven(withText(texts), claim)
      await expect(check).rejects.toMatchObject({ status: 400, error: 'DomainNotVerified' })
    }
  })
})

describe('a server with the domain of a tenant', () => {
  const getHandleRules = () => ({ value: null, domains: [roomy] })
  const resolveHandle = ({ handle }: { handle: string }) =>
    handle === 'kitchen.roomy.space' ? { did: 'did:plc:kitchen' } : null
  function open() {
    const actors = { directory: { settings: { getHandleRules }, accounts: { resolveHandle } } }
    const gateway = openGateway(actors as never)
    const handleRules = async () => rules
    const identity = { ...gateway.server.identity, handleRules }
    const overrides = { server: { ...gateway.server, handleRules, identity } }
    return openGateway(actors as never, overrides)
  }

  it.each([
    ['localhost', 200],
    ['roomy.space', 200],
    ['kitchen.roomy.space', 200],
    ['other.roomy.space', 404],
    ['roomy.space.example.com', 400],
    ['notroomy.space', 400],
    ['a'.repeat(300), 400],
  ])('/tls-check of %s answers %i', async (domain, status) => {
    const response = await open().app.request(`/tls-check?domain=${domain}`)
    expect(response.status).toBe(status)
  })

  it('resolves its handles, also over HTTP at their host', async () => {
    const gateway = open()
    const resolved = await get(
      gateway,
      'com.atproto.identity.resolveHandle?handle=kitchen.roomy.space',
    )
    expect(await resolved.json()).toEqual({ did: 'did:plc:kitchen' })
    const host = (name: string) =>
      gateway.app.request('/.well-known/atproto-did', { headers: { host: name } })
    expect(await (await host('kitchen.roomy.space')).text()).toBe('did:plc:kitchen')
    expect((await host('other.roomy.space')).status).toBe(404)
  })

  it('offers the domain at its own host, and not to everyone', async () => {
    const at = async (host: string) => {
      const describe = get(open(), 'com.atproto.server.describeServer', { host })
      const body = (await (await describe).json()) as { availableUserDomains: string[] }
      return body.availableUserDomains
    }
    expect(await at('localhost')).toEqual(['.test'])
    expect(await at('roomy.space')).toEqual(['.roomy.space'])
    expect(await at('kitchen.roomy.space')).toEqual(['.roomy.space'])
  })
})

describe('branding', () => {
  it('has links with https, and a color', () => {
    const branding = { logoUrl: 'https://roomy.space/logo.png', primaryColor: '#1a2b3c' }
    expect(parseBranding({ ...branding, more: 1 } as never)).toEqual(branding)
    expect(() => parseBranding({ homeUrl: 'javascript:alert(1)' })).toThrow('homeUrl')
    expect(() => parseBranding({ primaryColor: 'red;}' })).toThrow('primaryColor')
  })

  it('a pattern for handles makes valid labels', () => {
    expect(parseHandlePattern('space-{random}')).toBe('space-{random}')
    expect(parseHandlePattern('')).toBeNull()
    for (const pattern of ['space', '-{random}', '{random}.a', 'A{random}']) {
      expect(() => parseHandlePattern(pattern)).toThrow('{random}')
    }
  })
})
