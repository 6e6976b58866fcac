/** A gateway whose one account is a group, and the credentials of its member. */
import { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { forbidden } from '#src/errors.ts'
import { openMemberAuthority } from '#src/gateway/group/member-authority.ts'
import { permissionsOfBoth } from '#src/gateway/group/role-permissions.ts'
import { authenticator } from '#src/gateway/xrpc/authenticate.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import { createServiceToken } from '#src/protocol/service-token.ts'
import { builtInRole } from '#src/rules/group-roles.ts'
import { adminPassword, did, now, openGateway } from '#tests/support/gateway.ts'
import { signToken } from '#tests/support/session-tokens.ts'

export const member = 'did:plc:eddieeditoreddieeditoraa'
export const serviceDid = 'did:web:localhost'
const jwtSecret = new TextEncoder().encode('a secret of the tests')
export const createRecord = 'com.atproto.repo.createRecord'
export const input = { repo: did, collection: 'com.example.thing', record: {} }
const { key } = newSigningKey()

export interface Group {
  role?: string
  /** What the directory says. */
  isKnown?: boolean
  isAwake?: boolean
  /** Of the member's own account, if it is here. */
  ownStatus?: string
  /** The document of the member's DID names it; undefined if it names none. */
  ownServer?: string
  /** Of the token of an app that the member has signed in to as the group. */
  tokenScope?: string
}

/** A gateway whose one account is a group, of which `member` has the role. */
export function openGroup(given: Group = {}) {
  const { role = 'editor', isKnown = true, isAwake = true, tokenScope = '' } = given
  const { ownStatus, ownServer } = given
  const asked: unknown[] = []
  /** What the directory was asked for groups of a member. */
  const listed: object[] = []
  const account = {
    group: {
      authorize: (question: { member: string }) => {
        asked.push(question)
        if (question.member !== member) throw forbidden('You are no member', 'NotAMember')
        return builtInRole(role)!
      },
      listMembers: () => ({ members: [] }),
      removeMember: () => undefined,
    },
    history: {
      restoreRecords: () => ({ records: [] }),
      restoreRepo: () => ({ at: '', creates: 0, updates: 0, deletes: 0, unavailable: 0 }),
    },
    repo: { createRecord: () => ({ uri: 'at://x/y/z', cid: 'bafy' }) },
    preferences: { get: () => ({ preferences: [] }) },
    service: { getServiceAuth: () => ({ token: 't' }) },
    lifecycle: { changeState: () => ({ status: 'deactivated' }) },
    sync: { getLatestCommit: (reader: string) => ({ cid: 'bafy', rev: reader }) },
  }
  const find = () => (isKnown ? { role } : null)
  const directory = {
    memberships: {
      ...{ find, isGroup: () => false },
      list: (query: object) => {
        listed.push(query)
        return { groups: [] }
      },
    },
    accounts: {
      find: async ({ identifier }: { identifier: string }) => {
        if (identifier === did) return { did, handle: 'alice.test', status: 'active' }
        return ownStatus === undefined ? null : { did: member, status: ownStatus }
      },
    },
  }
  const document = {
    id: member,
    verificationMethod: [
      {
        ...{ id: '#atproto', type: 'Multikey', controller: member },
        publicKeyMultibase: key.did().slice('did:key:'.length),
      },
    ],
    ...(ownServer !== undefined && {
      service: [
        { id: '#atproto_pds', type: 'AtprotoPersonalDataServer', serviceEndpoint: ownServer },
      ],
    }),
  }
  const resolver = { resolve: async () => document, refresh: async () => undefined }
  const actors = { account, directory, isAwake } as never
  const { server, calls: _ } = openGateway(actors)
  const findAccount = async (name: string) => (name === did ? did : undefined)
  const clock = { now: () => now }
  const base = { serviceDid, jwtSecret, adminPassword, clock, resolver }
  const { dispatch, service } = server
  const members = openMemberAuthority({ dispatch, service, resolver, findAccount, clock })
  const permissionsOf = (scope: string) => new ScopePermissionsTransition(scope)
  const oauth = {
    authenticate: async () => ({
      ...{ did, scope: 'oauth', scopes: tokenScope, clientId: 'an app' },
      permissions: permissionsOfBoth(
        permissionsOf(tokenScope),
        permissionsOf(builtInRole(role)!.scope),
      ),
      actingMember: { did: member, role, revision: 0, client: 'an app' },
    }),
  }
  const authenticate = authenticator({ ...base, members, oauth })
  const opened = openGateway(actors, { authenticate })
  return { ...opened, asked, listed }
}

export function serviceToken(lxm: string, claims: object = {}): string {
  const iat = Math.floor(now / 1000)
  const all = { iss: member, aud: serviceDid, lxm, iat, exp: iat + 60, jti: 'one', ...claims }
  return createServiceToken(all, key)
}

export const actAs = (lxm: string, group = did) => ({
  authorization: `Bearer ${serviceToken(lxm)}`,
  'act-as': group,
})

export function memberSession(claims: object = {}) {
  const iat = Math.floor(now / 1000)
  const scope = 'dev.headwater.group.member'
  const all = {
    scope,
    aud: serviceDid,
    sub: did,
    iat,
    exp: iat + 60,
    sid: 's1',
    act: { sub: member },
  }
  const token = signToken({ typ: 'at+jwt' }, { ...all, ...claims } as never, jwtSecret)
  return { authorization: `Bearer ${token}` }
}
