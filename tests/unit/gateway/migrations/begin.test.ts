/** How moves begin, with another server that is a function. */
import { Readable } from 'node:stream'
import { beforeEach, describe, expect, it } from 'vitest'
import { invalidRequest } from '#src/errors.ts'
import {
  type BeginPorts,
  beginMoveIn,
  beginMoveOut,
  findElsewhere,
  signInElsewhere,
} from '#src/gateway/migrations/begin.ts'
import { createKeychain } from '#src/ports/keychain.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { UpstreamRequest } from '#src/ports/upstream.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'

const did = 'did:plc:abcdefghijklmnopqrstuvwx'
const old = 'https://old.example'
const here = 'https://here.example'
const now = Date.parse('2026-01-01T00:00:00Z')
const account = { handle: 'alice.here.example', email: 'a@example.com', password: 'new secret' }
const created = { did, handle: account.handle, accessJwt: 'a', refreshJwt: 'r' }
const { key } = newSigningKey()
const stranger = newSigningKey().key

let ports: BeginPorts
let requests: { url: string; name: string; authorization: string | undefined; body: unknown }[]
let answers: Record<string, () => [status: number, body: object]>
let stored: object[]
/** Moves that were recorded when nothing was stored yet. */
let recorded: string[]
let createdWith: unknown[][]
let signer: typeof key
beforeEach(() => {
  ;[requests, stored, createdWith, signer, recorded] = [[], [], [], key, []]
  const add = async (move: { did: string }) => {
    if (stored.length === 0) recorded.push(move.did)
  }
  const session = { did, handle: 'alice.old.example', accessJwt: 'a1', refreshJwt: 'r1' }
  answers = {
    createSession: () => [200, session],
    createAccount: () => [200, session],
    describeServer: () => [200, { did: 'did:web:old.example', availableUserDomains: [] }],
    getServiceAuth: () => [200, { token: serviceToken() }],
  }
  const remote = {
    migration: { begin: async (input: object) => void stored.push(input) },
    service: {
      getServiceAuth: async ({ aud }: { aud: string }) => ({ token: `token for ${aud}` }),
    },
  }
  const document = {
    id: did,
    verificationMethod: [
      {
        ...{ id: `${did}#atproto`, type: 'Multikey', controller: did },
        publicKeyMultibase: key.did().replace('did:key:', ''),
      },
    ],
    service: [
      { id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: `${old}/` },
    ],
  }
  ports = {
    server: {
      dispatch: { account: () => remote, directory: { runningMoves: { add } } },
      service: { did: 'did:web:here.example', publicUrl: here, imports: { accepted: true } },
      resolver: { resolve: async () => document, refresh: async () => document },
      handles: {
        resolve: async (name: string) => (name === 'alice.old.example' ? did : undefined),
      },
      createAccount: async (...args: unknown[]) => {
        createdWith.push(args)
        return created
      },
    } as never,
    findAccount: async () => undefined,
    other: { privateNetworks: false, clock: { now: () => now }, request: answer },
    keys: createKeychain(new Uint8Array(32)),
    clock: { now: () => now },
  }
})

function serviceToken(): string {
  const iat = now / 1_000
  const claims = { iat, exp: iat + 60, iss: did, aud: 'did:web:here.example', jti: 'one' }
  return createServiceToken({ ...claims, lxm: 'com.atproto.server.createAccount' }, signer)
}

async function answer({ origin, path, headers, body }: UpstreamRequest) {
  const name = path.split('?')[0]!.split('.').at(-1)!
  const sent = typeof body === 'string' ? JSON.parse(body) : undefined
  requests.push({ url: origin, name, authorization: headers['authorization'], body: sent })
  const [status, value] = answers[name]!()
  return { status, headers: {}, body: Readable.from([Buffer.from(JSON.stringify(value))]) }
}

describe('a move here', () => {
  it('a move here creates the account with a service token of the server that the DID names', async () => {
    const found = await findElsewhere(ports, '@alice.old.example')
    expect(found).toEqual({ did, url: old })
    await beginMoveIn(ports, found, { password: 'old secret', code: '123' }, account, '192.0.2.1')
    expect(createdWith).toEqual([[{ did, ...account }, { did }, '192.0.2.1']])
    const [signIn] = requests
    const credentials = { identifier: did, password: 'old secret', authFactorToken: '123' }
    expect(signIn).toMatchObject({ url: old, name: 'createSession', body: credentials })
    expect(stored).toMatchObject([{ direction: 'in', server: old }])
    expect(JSON.stringify(stored)).not.toContain('secret')
    expect(recorded).toEqual([did])
  })

  it('a handle that is kept is the one of the old server', async () => {
    const kept = { ...account, handle: undefined }
    await beginMoveIn(ports, { did, url: old }, { password: 'old secret' }, kept, undefined)
    expect(createdWith[0]![0]).toMatchObject({ handle: 'alice.old.example' })
  })

  it('without an email address, the one of the old server is taken', async () => {
    const session = { did, handle: 'alice.old.example', accessJwt: 'a1', refreshJwt: 'r1' }
    answers['createSession'] = () => [200, { ...session, email: 'old@example.com' }]
    const without = { ...account, email: '' }
    await beginMoveIn(ports, { did, url: old }, { password: 'old secret' }, without, undefined)
    expect(createdWith[0]![0]).toMatchObject({ email: 'old@example.com' })
  })

  it('a service token that the account has not signed creates nothing', async () => {
    signer = stranger
    const begun = beginMoveIn(ports, { did, url: old }, { password: 'x' }, account, undefined)
    await expect(begun).rejects.toMatchObject({ status: 401, error: 'BadJwtSignature' })
    expect([createdWith, stored]).toEqual([[], []])
  })

  it('what createAccount refuses, such as an invite code, ends the move', async () => {
    ports.server.createAccount = async () => {
      throw invalidRequest('No invite code provided', 'InvalidInviteCode')
    }
    const begun = beginMoveIn(ports, { did, url: old }, { password: 'x' }, account, undefined)
    await expect(begun).rejects.toMatchObject({ error: 'InvalidInviteCode' })
    expect(stored).toEqual([])
  })

  it('with closed imports no password is sent anywhere', async () => {
    Object.assign(ports.server.service, { imports: { accepted: false } })
    const begun = beginMoveIn(ports, { did, url: old }, { password: 'x' }, account, undefined)
    await expect(begun).rejects.toMatchObject({ error: 'ImportsClosed' })
    const back = signInElsewhere(ports, { did, url: old, direction: 'in' }, { password: 'x' })
    await expect(back).rejects.toMatchObject({ error: 'ImportsClosed' })
    expect(requests).toEqual([])
  })

  it('a move that was cut off after its account was created goes on with the account', async () => {
    ports.findAccount = async () => did
    await expect(findElsewhere(ports, did)).rejects.toMatchObject({ error: 'AccountExists' })
    await signInElsewhere(ports, { did, url: old, direction: 'in' }, { password: 'old secret' })
    expect(stored).toMatchObject([{ direction: 'in', server: old }])
  })

  it.each(['nobody.old.example', 'did:plc:short'])('the account %s is not found', async (name) => {
    await expect(findElsewhere(ports, name)).rejects.toMatchObject({ status: 400 })
  })
})

describe('a move away', () => {
  it('a move away creates the account there with a service token for that server', async () => {
    await beginMoveOut(ports, did, old, { ...account, inviteCode: 'old-abcde' })
    expect(requests.at(-1)).toMatchObject({
      ...{ url: old, name: 'createAccount', authorization: 'Bearer token for did:web:old.example' },
      body: { did, ...account, inviteCode: 'old-abcde' },
    })
    expect(stored).toMatchObject([{ direction: 'out', server: old }])
  })

  it('an account that exists there already is signed in to, with its password', async () => {
    answers['createAccount'] = () => [
      400,
      { error: 'AlreadyExists', message: 'Repo already exists' },
    ]
    await beginMoveOut(ports, did, old, account)
    expect(requests.at(-1)!.body).toEqual({ identifier: did, password: account.password })
    expect(stored).toHaveLength(1)
    answers['createSession'] = () => [401, { error: 'AuthenticationRequired', message: 'wrong' }]
    const again = beginMoveOut(ports, did, old, account)
    await expect(again).rejects.toMatchObject({ message: 'Repo already exists' })
  })

  it('a server that takes itself for another one gets no service token', async () => {
    answers['describeServer'] = () => [200, { did: 'did:web:other.example' }]
    const begun = beginMoveOut(ports, did, old, account)
    await expect(begun).rejects.toMatchObject({ error: 'InvalidServer' })
    expect(requests.map(({ name }) => name)).toEqual(['describeServer'])
    answers['describeServer'] = () => [200, { did: 'did:web:old.example' }]
    await beginMoveOut(ports, did, 'https://pds.old.example', account)
    expect(stored).toHaveLength(1)
  })

  it('an account does not move to the server that it is on', async () => {
    const begun = beginMoveOut(ports, did, here, account)
    await expect(begun).rejects.toMatchObject({ error: 'AlreadyHere' })
  })
})
