import { beforeEach, describe, expect, it } from 'vitest'
import { XrpcError } from '#src/errors.ts'
import { handleRules } from '#src/gateway/identity/handle-rules.ts'
import {
  didOfHandle,
  type ResolveIdentityPorts,
  resolveIdentity,
} from '#src/gateway/identity/resolve-identity.ts'

const alice = 'did:plc:alice'
const bob = 'did:web:bob.example.com'

/** The handles of accounts here, the DIDs of domains, and the handles in documents. */
let hosted: Record<string, string>
let domains: Record<string, string>
let documents: Record<string, string[]>
let requests: string[]

const ports: ResolveIdentityPorts = {
  dispatch: {
    directory: {
      accounts: {
        resolveHandle: async ({ handle }) => (hosted[handle] ? { did: hosted[handle] } : null),
      },
    },
  },
  handleRules: async () => handleRules(['.pds.example.com']),
  handles: {
    resolve: async (handle) => {
      requests.push(handle)
      return domains[handle]
    },
  },
  resolver: {
    resolve: async (did) => documents[did] && { id: did, alsoKnownAs: documents[did] },
    refresh: async (did, options) => {
      expect(options).toEqual({ isLimited: true })
      return { id: did, alsoKnownAs: ['at://new.example.com'] }
    },
  },
}

beforeEach(() => {
  hosted = { 'alice.pds.example.com': alice }
  domains = { 'bob.example.com': bob, 'new.example.com': bob, 'pds.example.com': bob }
  documents = { [alice]: ['at://alice.pds.example.com'], [bob]: ['at://Bob.example.com'] }
  requests = []
})

describe('didOfHandle', () => {
  it('didOfHandle resolves handles of this server without the network', async () => {
    expect(await didOfHandle(ports, 'alice.pds.example.com')).toBe(alice)
    expect(await didOfHandle(ports, 'nobody.pds.example.com')).toBeUndefined()
    expect(requests).toEqual([])
  })

  it('didOfHandle resolves other domains over the network, also an unused service domain', async () => {
    expect(await didOfHandle(ports, 'bob.example.com')).toBe(bob)
    expect(await didOfHandle(ports, 'pds.example.com')).toBe(bob)
    hosted['pds.example.com'] = alice
    expect(await didOfHandle(ports, 'pds.example.com')).toBe(alice)
  })

  it('didOfHandle uses the configured handle resolver service', async () => {
    const appView = { resolve: async () => 'did:plc:seen' }
    expect(await didOfHandle(ports, 'bob.example.com', appView)).toBe('did:plc:seen')
    expect(requests).toEqual([])
  })
})

describe('resolveIdentity', () => {
  it.each([
    ['alice.pds.example.com', alice, 'alice.pds.example.com'],
    [alice, alice, 'alice.pds.example.com'],
    ['BOB.example.com', bob, 'bob.example.com'],
    [bob, bob, 'bob.example.com'],
    ['new.example.com', bob, 'bob.example.com'],
  ])('resolveIdentity finds %s', async (identifier, did, handle) => {
    expect(await resolveIdentity(ports, identifier)).toMatchObject({ did, handle })
  })

  it('resolveIdentity returns handle.invalid if the handle does not resolve to the DID', async () => {
    documents[bob] = ['at://alice.pds.example.com']
    expect(await resolveIdentity(ports, bob)).toMatchObject({ did: bob, handle: 'handle.invalid' })
    documents[bob] = []
    expect(await resolveIdentity(ports, bob)).toMatchObject({ handle: 'handle.invalid' })
    documents[bob] = ['at://nobody.example.com']
    expect(await resolveIdentity(ports, bob)).toMatchObject({ handle: 'handle.invalid' })
  })

  it('resolveIdentity fails if the identity does not exist', async () => {
    const handle = resolveIdentity(ports, 'nobody.example.com')
    await expect(handle).rejects.toMatchObject({ status: 400, error: 'HandleNotFound' })
    const did = resolveIdentity(ports, 'did:plc:nobody')
    await expect(did).rejects.toMatchObject({ status: 400, error: 'DidNotFound' })
  })

  it('refreshIdentity bypasses the cache, as often as the resolver allows', async () => {
    const identity = await resolveIdentity(ports, bob, { refresh: true })
    expect(identity.handle).toBe('new.example.com')
  })

  it('resolveIdentity fails if a resolver does not answer', async () => {
    const silence = async () => Promise.reject(new XrpcError(502, 'UpstreamFailure', 'silence'))
    const silent = { ...ports, resolver: { resolve: silence, refresh: silence } }
    await expect(resolveIdentity(silent, bob)).rejects.toMatchObject({ status: 502 })
  })
})
