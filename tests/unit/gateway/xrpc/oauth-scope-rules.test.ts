import { ScopePermissionsTransition } from '@atproto/oauth-scopes'
import { describe, expect, it } from 'vitest'
import { methods } from '#src/gateway/methods/table.ts'
import { mustHaveScope } from '#src/gateway/xrpc/oauth-scope-rules.ts'

/** The scope that each method requires, as in the reference; apps may call no other methods. */
const anyApp = [
  'com.atproto.identity.getRecommendedDidCredentials',
  'com.atproto.repo.listMissingBlobs',
  'com.atproto.server.checkAccountStatus',
  'com.atproto.server.getSession',
  ...[
    'getBlob',
    'getBlocks',
    'getCheckout',
    'getHead',
    'getLatestCommit',
    'getRecord',
    'getRepo',
  ].map((name) => `com.atproto.sync.${name}`),
  'com.atproto.sync.listBlobs',
  'com.atproto.sync.notifyOfUpdate',
  'com.atproto.sync.requestCrawl',
]
const byRpc = [
  ...['getPreferences', 'getProfile', 'getProfiles', 'putPreferences'].map(
    (name) => `app.bsky.actor.${name}`,
  ),
  ...['getActorLikes', 'getAuthorFeed', 'getPostThread', 'getTimeline'].map(
    (name) => `app.bsky.feed.${name}`,
  ),
  'com.atproto.moderation.createReport',
]
const aud = 'did:web:api.example.com#bsky_appview'
const post = 'app.bsky.feed.post'
const write = (action: string) => ({
  $type: `com.atproto.repo.applyWrites#${action}`,
  collection: post,
})

/** Methods with the scope that an app needs, and their input. */
const byScope: [nsid: string, scope: string, asked: object][] = [
  ['com.atproto.repo.createRecord', `repo:${post}?action=create`, { input: { collection: post } }],
  [
    'com.atproto.repo.putRecord',
    `repo:${post}?action=create&action=update`,
    { input: { collection: post } },
  ],
  ['com.atproto.repo.deleteRecord', `repo:${post}?action=delete`, { input: { collection: post } }],
  [
    'com.atproto.repo.applyWrites',
    `repo:${post}?action=update&action=delete`,
    { input: { writes: [write('update'), write('delete')] } },
  ],
  [
    'com.atproto.repo.uploadBlob',
    'blob:image/png',
    { request: new Request('http://x', { headers: { 'content-type': 'image/png' } }) },
  ],
  ['com.atproto.repo.importRepo', 'account:repo?action=manage', {}],
  ['com.atproto.identity.updateHandle', 'identity:handle', {}],
  ['com.atproto.identity.requestPlcOperationSignature', 'identity:*', {}],
  ['com.atproto.identity.signPlcOperation', 'identity:*', {}],
  ['com.atproto.identity.submitPlcOperation', 'identity:*', {}],
  ['com.atproto.server.requestEmailConfirmation', 'account:email?action=manage', {}],
  ['com.atproto.server.confirmEmail', 'account:email?action=manage', {}],
  ['com.atproto.server.deactivateAccount', 'account:status?action=manage', {}],
  [
    'com.atproto.server.getServiceAuth',
    `rpc:com.example.ask?aud=${aud}`,
    { params: { aud, lxm: 'com.example.ask' } },
  ],
  [
    'app.bsky.feed.getFeed',
    `rpc?lxm=app.bsky.feed.getFeed&lxm=app.bsky.feed.getFeedSkeleton&aud=${aud}`,
    {},
  ],
  [
    'app.bsky.notification.registerPush',
    'rpc:app.bsky.notification.registerPush?aud=did:web:push.example.com%23bsky_notif',
    { input: { serviceDid: 'did:web:push.example.com' } },
  ],
  [
    'app.bsky.notification.unregisterPush',
    'rpc:app.bsky.notification.unregisterPush?aud=did:web:push.example.com%23bsky_notif',
    { input: { serviceDid: 'did:web:push.example.com' } },
  ],
]
const ofGroups = [
  ...['create', 'convert', 'getMe', 'list', 'listMembers', 'addMember', 'updateMember', 'leave'],
  ...[
    'removeMember',
    'listRoles',
    'putRole',
    'deleteRole',
    'createInvite',
    'listInvites',
    'export',
  ],
  ...['revokeInvite', 'acceptInvite', 'listJoinRequests', 'resolveJoinRequest', 'offerOwnership'],
  ...['acceptOwnership', 'getAuditLog', 'createSession'],
  ...['createAppPassword', 'listAppPasswords', 'revokeAppPassword'],
].map((name) => `dev.headwater.group.${name}`)
const ofHistory = [
  ...['listCommits', 'getDiff', 'getRecordVersions', 'getRepo', 'getRestore', 'getSettings'],
  ...['putSettings', 'deleteVersions', 'empty'],
].map((name) => `dev.headwater.history.${name}`)
const ofArchives = ['getBucket', 'putBucket', 'deleteBucket', 'createArchive'].map(
  (name) => `dev.headwater.archive.${name}`,
)
const restoring = [
  ['restoreRecords', { uris: ['at://did:plc:alice/com.example.thing/one'] }],
  ['restoreRepo', { collections: ['com.example.thing'] }],
] as const
/** As Tranquil names them, and the method that does the same. */
const asDelegation = [
  ['listControllers', 'listMembers'],
  ['addController', 'addMember'],
  ['removeController', 'removeMember'],
  ['updateControllerScopes', 'updateMember'],
  ['listControlledAccounts', 'list'],
  ['getAuditLog', 'getAuditLog'],
  ['createDelegatedAccount', 'create'],
].map(([theirs, ours]) => [`_delegation.${theirs}`, `dev.headwater.group.${ours}`] as const)
const neverByApps = [
  'com.atproto.server.requestEmailUpdate',
  'com.atproto.server.updateEmail',
  'com.atproto.server.activateAccount',
]

const server = { services: { audienceOf: () => aud }, service: { did: 'did:web:pds.example.com' } }

/** The outcome for an app with the scope: `allowed`, or status and name of the error. */
function outcome(nsid: string, scope: string, options: object = {}): unknown {
  const shown = {
    server,
    request: new Request('http://x'),
    params: {},
    input: {},
    caller: { scopes: `atproto ${scope}` },
    ...options,
  }
  try {
    mustHaveScope(
      methods.get(nsid)!,
      new ScopePermissionsTransition(`atproto ${scope}`),
      shown as never,
    )
    return 'allowed'
  } catch (error) {
    const { status, error: name } = error as { status: number; error: string }
    return [status, name]
  }
}

describe('OAuth scope rules', () => {
  it('exactly these methods have an OAuth scope rule, and apps may call no other', () => {
    const ruled = [...methods.values()].filter(({ oauth }) => oauth !== undefined)
    const known = [
      ...anyApp,
      ...byRpc,
      ...byScope.map(([nsid]) => nsid),
      ...neverByApps,
      ...ofGroups,
      ...ofHistory,
      ...ofArchives,
      ...restoring.map(([name]) => `dev.headwater.history.${name}`),
      ...asDelegation.map(([nsid]) => nsid),
    ]
    expect(ruled.map(({ nsid }) => nsid).sort()).toEqual(known.sort())
    expect(outcome('com.atproto.server.createAppPassword', 'transition:generic')).toEqual([
      403,
      'Forbidden',
    ])
  })

  it.each(anyApp)('%s: no particular scope is required', (nsid) => {
    expect(outcome(nsid, '')).toBe('allowed')
  })

  it.each(byRpc)('%s: the rpc scope of the service is required', (nsid) => {
    expect(outcome(nsid, '')).toEqual([403, 'ScopeMissingError'])
    expect(outcome(nsid, `rpc:${nsid}?aud=${encodeURIComponent(aud)}`)).toBe('allowed')
    expect(outcome(nsid, `rpc:${nsid}?aud=did:web:elsewhere.example.com%23bsky_appview`)).toEqual([
      403,
      'ScopeMissingError',
    ])
    expect(outcome(nsid, 'transition:generic')).toBe('allowed')
  })

  it.each(byScope)('%s: the scope %s is required', (nsid, scope, input) => {
    expect(outcome(nsid, '', input)).toEqual([403, 'ScopeMissingError'])
    expect(outcome(nsid, scope.replaceAll('#', '%23'), input)).toBe('allowed')
  })

  it.each(neverByApps)('%s: no app may call it', (nsid) => {
    expect(outcome(nsid, 'account:email?action=manage')).toEqual([403, 'Forbidden'])
  })

  it('a transition scope does not give access to the account itself', () => {
    const all = 'transition:generic transition:email transition:chat.bsky'
    for (const [nsid, scope, input] of byScope) {
      const isOwn = /^(account|identity):/.test(scope)
      expect(outcome(nsid, all, input)).toEqual(isOwn ? [403, 'ScopeMissingError'] : 'allowed')
    }
  })

  it.each([...ofGroups, ...ofHistory, ...ofArchives])(
    '%s: by the scope for this method of the group service',
    (nsid) => {
      const own = 'aud=did:web:pds.example.com%23group'
      expect(outcome(nsid, `rpc:${nsid}?${own}`)).toBe('allowed')
      expect(outcome(nsid, `rpc:dev.headwater.group.other?${own}`)).toEqual([
        403,
        'ScopeMissingError',
      ])
      expect(outcome(nsid, 'transition:generic')).toEqual([403, 'ScopeMissingError'])
    },
  )

  it.each(restoring)('%s: by the scope for it, and those to write there', (name, input) => {
    const nsid = `dev.headwater.history.${name}`
    const call = `rpc:${nsid}?aud=did:web:pds.example.com%23group`
    expect(outcome(nsid, `${call} repo:com.example.thing`, { input })).toBe('allowed')
    const missing = [403, 'ScopeMissingError']
    for (const scope of [call, `${call} repo:com.example.other`, 'repo:com.example.thing']) {
      expect(outcome(nsid, scope, { input })).toEqual(missing)
    }
    const updating = `${call} repo:com.example.thing?action=update`
    expect(outcome(nsid, updating, { input })).toEqual(missing)
  })

  it.each(asDelegation)('%s: by the scope for %s of the group service', (nsid, ours) => {
    expect(outcome(nsid, `rpc:${ours}?aud=did:web:pds.example.com%23group`)).toBe('allowed')
    expect(outcome(nsid, 'transition:generic')).toEqual([403, 'ScopeMissingError'])
  })

  it('com.atproto.server.activateAccount: members of a group whose role allows it', () => {
    const options = { caller: { actingMember: { did: 'did:plc:olga' } } }
    const nsid = 'com.atproto.server.activateAccount'
    expect(outcome(nsid, 'account:status?action=manage', options)).toBe('allowed')
    expect(outcome(nsid, 'repo:*', options)).toEqual([403, 'ScopeMissingError'])
  })
})
