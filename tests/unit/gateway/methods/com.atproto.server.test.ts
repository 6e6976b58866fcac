import { describe, expect, it } from 'vitest'
import { authRequired } from '#src/errors.ts'
import { methods } from '#src/gateway/methods/table.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import {
  adminPassword,
  asAccount,
  asAdmin,
  did,
  get,
  handle,
  now,
  openGateway,
  outcome,
  post,
} from '#tests/support/gateway.ts'

const session = {
  did,
  handle,
  email: 'alice@example.com',
  emailConfirmed: false,
  active: true,
  accessJwt: 'a',
  refreshJwt: 'r',
}

it('the method table has every method of the reference and our own, and no other', () => {
  const groups = {
    'com.atproto.server':
      'createAccount createInviteCode createInviteCodes createSession deleteSession ' +
      'describeServer getSession refreshSession ' +
      'createAppPassword listAppPasswords revokeAppPassword getAccountInviteCodes ' +
      'requestEmailConfirmation confirmEmail requestEmailUpdate updateEmail ' +
      'requestPasswordReset resetPassword getServiceAuth ' +
      'activateAccount checkAccountStatus deactivateAccount deleteAccount requestAccountDelete ' +
      'reserveSigningKey',
    'com.atproto.admin':
      'deleteAccount disableAccountInvites disableInviteCodes enableAccountInvites getAccountInfo ' +
      'getAccountInfos getInviteCodes getSubjectStatus searchAccounts sendEmail updateAccountEmail ' +
      'updateAccountHandle updateAccountPassword updateAccountSigningKey updateSubjectStatus',
    'com.atproto.moderation': 'createReport',
    'com.atproto.temp': 'checkSignupQueue',
    'app.bsky.actor': 'getPreferences getProfile getProfiles putPreferences',
    'app.bsky.feed': 'getActorLikes getAuthorFeed getFeed getPostThread getTimeline',
    'app.bsky.notification': 'registerPush unregisterPush',
    'network.bsky.jetstream': 'getZstdDictionary',
    'com.atproto.identity':
      'getRecommendedDidCredentials refreshIdentity requestPlcOperationSignature resolveDid ' +
      'resolveHandle resolveIdentity signPlcOperation submitPlcOperation updateHandle',
    'com.atproto.repo':
      'applyWrites createRecord deleteRecord describeRepo getRecord importRepo listMissingBlobs ' +
      'listRecords putRecord uploadBlob',
    'com.atproto.sync':
      'getBlob getBlocks getCheckout getHead getLatestCommit getRecord getRepo getRepoStatus ' +
      'listBlobs listRepos notifyOfUpdate requestCrawl',
    _delegation:
      'addController createDelegatedAccount getAuditLog getScopePresets listControlledAccounts ' +
      'listControllers removeController resolveController updateControllerScopes',
    'dev.headwater.admin':
      'createArchive createTenant deleteTenant drillArchive listArchives listTenants moveAccount ' +
      'restoreArchive restoreTenant suspendTenant updateTenant verifyArchive ' +
      'createReport getCase listCases updateCase ' +
      'createMoveInvites deleteMoveInvites listMoveInvites sendMoveInvite ' +
      'updateAccountEndpoint',
    'dev.headwater.tenant':
      'adoptAccounts cancelJob createAccount createAccounts createClaim createInvites createJob ' +
      'createKey deleteAccount deleteAdmin deleteDomain deleteKey disableInvites exportAccount ' +
      'getAccount getAudit getJob getJobResults getTenant getUsage listAccounts listAdmins ' +
      'listDomains listInvites listKeys putAdmin putBranding putDomain putHistory ' +
      'restoreAccount suspendAccount updateAccount verifyDomain getCase listCases updateCase',
    'dev.headwater.group':
      'acceptInvite acceptOwnership addMember convert create createAppPassword createInvite ' +
      'createSession deleteRole export getAuditLog getMe leave list listAppPasswords listInvites ' +
      'listJoinRequests listMembers listRoles offerOwnership putRole removeMember ' +
      'resolveJoinRequest revokeAppPassword revokeInvite updateMember',
    'dev.headwater.archive': 'createArchive deleteBucket getBucket putBucket',
    'dev.headwater.history':
      'deleteVersions empty getDiff getRecordVersions getRepo getRestore getSettings listCommits ' +
      'putSettings restoreRecords restoreRepo',
    'dev.headwater.webhook':
      'createEndpoint deleteEndpoint listDeliveries listEndpoints redeliver replay rotateSecret ' +
      'testEndpoint updateEndpoint',
  }
  const expected = Object.entries(groups).flatMap(([group, names]) =>
    names.split(' ').map((name) => `${group}.${name}`),
  )
  expect([...methods.keys()].sort()).toEqual(expected.sort())
})

const createAccount = 'com.atproto.server.createAccount'
const documentWith = (signingKeyDid: string) => ({
  id: did,
  verificationMethod: [
    {
      ...{ id: '#atproto', type: 'Multikey', controller: did },
      publicKeyMultibase: signingKeyDid.slice('did:key:'.length),
    },
  ],
})

describe('com.atproto.server', () => {
  it('createAccount passes its input and its caller, the admin or the issuer of a service token, to the workflow, and returns the session', async () => {
    const { key } = newSigningKey()
    const created: unknown[] = []
    const tokens = { accessJwt: 'access', refreshJwt: 'refresh' }
    const server = {
      createAccount: async (...args: unknown[]) => {
        created.push(args)
        return { did, handle, ...tokens }
      },
      resolver: { resolve: async () => documentWith(key.did()), refresh: async () => undefined },
    }
    const gateway = openGateway({}, { server: server as never })
    const input = {
      ...{ handle: 'Bob.test', email: 'bob@example.com', password: 'secret' },
      ...{ inviteCode: 'code', recoveryKey: 'did:key:z' },
    }
    const response = await post(gateway, createAccount, input)
    expect(await response.json()).toEqual({ did, handle, ...tokens })
    const iat = Math.floor(now / 1000)
    const claims = { iss: did, aud: 'did:web:localhost', lxm: createAccount, iat, exp: iat + 60 }
    const token = createServiceToken({ ...claims, jti: 'one' }, key)
    await post(gateway, createAccount, { ...input, did }, { authorization: `Bearer ${token}` })
    const admin = Buffer.from(`admin:${adminPassword}`).toString('base64')
    await post(gateway, createAccount, input, { authorization: `Basic ${admin}` })
    const guess = post(gateway, createAccount, input, { authorization: 'Basic YWRtaW46eA==' })
    expect(await outcome(guess)).toMatchObject({ status: 401 })
    expect(created).toEqual([
      [input, undefined, undefined],
      [{ ...input, did }, { did }, undefined],
      [input, { admin: true }, undefined],
    ])
  })

  it('createAccount rejects an invalid handle', async () => {
    const answer = await outcome(post(openGateway(), createAccount, { handle: 'no handle' }))
    expect(answer).toMatchObject({ status: 400, error: 'InvalidRequest' })
  })

  const createSession = (...args: [unknown]) => {
    const gateway = openGateway({
      account: {
        session: {
          createSession: ({ password }: { password: string }) => {
            if (password !== 'secret') throw authRequired('Invalid identifier or password')
            return session
          },
        },
      },
    })
    return post(gateway, 'com.atproto.server.createSession', ...args)
  }

  it('createSession finds the account by handle', async () => {
    const response = await createSession({ identifier: 'Alice.Test', password: 'secret' })
    expect(await response.json()).toEqual(session)
  })

  it('createSession does not reveal whether an account exists', async () => {
    const [wrong, unknown] = await Promise.all([
      outcome(createSession({ identifier: handle, password: 'guess' })),
      outcome(createSession({ identifier: 'bob.test', password: 'guess' })),
    ])
    expect(wrong).toMatchObject({ status: 401, error: 'AuthenticationRequired' })
    expect(unknown).toEqual(wrong)
  })

  it('getSession is rejected for an account that is not on this server', async () => {
    const unknownAccount = asAccount('did:plc:strangerstrangerstranger')
    expect(
      await outcome(get(openGateway(), 'com.atproto.server.getSession', unknownAccount)),
    ).toMatchObject({
      status: 400,
      error: 'InvalidRequest',
    })
  })

  it('describeServer describes the server', async () => {
    const response = await get(openGateway(), 'com.atproto.server.describeServer')
    expect(await response.json()).toEqual({
      did: 'did:web:localhost',
      availableUserDomains: ['.test'],
      inviteCodeRequired: false,
      blobUploadLimit: 5_000_000,
      links: { termsOfService: 'https://example.com/terms' },
      contact: {},
    })
  })
})

describe('invite codes', () => {
  const inviting = () => openGateway({ directory: { invites: { create: () => undefined } } })
  const createInviteCodes = 'com.atproto.server.createInviteCodes'

  it('createInviteCode and createInviteCodes require the admin', async () => {
    const gateway = inviting()
    const one = await post(
      gateway,
      'com.atproto.server.createInviteCode',
      { useCount: 2 },
      asAdmin(),
    )
    const { code } = (await one.json()) as { code: string }
    expect(code).toMatch(/^localhost-[a-z2-7]{5}-[a-z2-7]{5}$/)
    const input = { codeCount: 3, useCount: 1, forAccounts: [did] }
    const several = await post(gateway, createInviteCodes, input, asAdmin())
    const { codes } = (await several.json()) as { codes: { account: string; codes: string[] }[] }
    expect(codes.map(({ account }) => account)).toEqual([did])
    expect(new Set(codes.flatMap((entry) => entry.codes)).size).toBe(3)
    expect(gateway.calls).toEqual([
      ['invites.create', { useCount: 2, codes: [{ account: 'admin', codes: [code] }] }],
      ['invites.create', { useCount: 1, codes }],
    ])
    expect((await post(gateway, createInviteCodes, input, asAccount())).status).toBe(401)
    expect((await post(gateway, createInviteCodes, input)).status).toBe(401)
  })

  it('createInviteCodes limits the number of codes', async () => {
    const gateway = inviting()
    const input = { codeCount: 1_000_000, useCount: 1 }
    const answer = await outcome(post(gateway, createInviteCodes, input, asAdmin()))
    expect(answer).toMatchObject({ status: 400, error: 'InvalidRequest' })
    expect(gateway.calls).toEqual([])
  })
})

describe('com.atproto.identity.resolveHandle', () => {
  const ask = (name: string) => {
    const resolveHandle = (input: { handle: string }) => (input.handle === handle ? { did } : null)
    const actors = { directory: { accounts: { resolveHandle } } }
    const external: Record<string, string> = { 'bob.example.com': 'did:plc:bob' }
    const externalHandles = { resolve: async (name: string) => external[name] }
    const identity = { ...openGateway(actors).server.identity, externalHandles }
    const gateway = openGateway(actors, { server: { identity } as never })
    return get(gateway, `com.atproto.identity.resolveHandle?handle=${name}`)
  }

  it('resolveHandle resolves accounts of this server', async () => {
    expect(await (await ask('ALICE.test')).json()).toEqual({ did })
  })

  it('resolveHandle answers HandleNotFound for an unknown handle under a service domain', async () => {
    expect(await outcome(ask('bob.test'))).toMatchObject({ status: 400, error: 'HandleNotFound' })
  })

  it('resolveHandle resolves handles of other servers over the network', async () => {
    expect(await (await ask('Bob.example.com')).json()).toEqual({ did: 'did:plc:bob' })
    const unknown = await outcome(ask('carol.example.com'))
    expect(unknown).toMatchObject({ status: 400, error: 'InvalidRequest' })
  })
})
