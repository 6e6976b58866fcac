/** One probe of every method, for scenarios about all of them: credentials, verbs, states, bad parameters. */
import type { Account } from './account.ts'
import { repoRef } from './accounts.ts'
import type { CallOptions } from './recording-client.ts'
import { adminAuthorization } from './services.ts'

export interface Probe extends CallOptions {
  method: string
  verb: 'GET' | 'POST'
  /** The credentials that the method requires, if any. */
  credentials?: 'access' | 'refresh' | 'admin'
  /** The call changes the account, so that later probes would see another state. */
  changesState?: true
}

const collection = 'com.example.thing'
const someCid = 'bafyreidfayvfuwqa7qlnopdjiqrxzs6blmoeu4rujcjtnci5beludirz2a'
const someBlob = 'bafkreiccldh766hwcnuxnf2wh6jgzepf2nlu2lvcllt63eww5p6chi4ity'

const probes = new Map<string, number>()

/** Probes about `account`; `other` is an active account. */
export function everyMethod(account: Account, other: Account): Probe[] {
  const { did, handle, email, password } = account
  // App passwords need a unique name.
  const probed = (probes.get(did) ?? 0) + 1
  probes.set(did, probed)
  const record = { $type: collection, text: 'probe' }
  const get = (method: string, query?: CallOptions['query'], more?: Partial<Probe>): Probe => ({
    method: `com.atproto.${method}`,
    verb: 'GET',
    ...(query !== undefined && { query }),
    ...more,
  })
  const post = (method: string, body?: unknown, more?: Partial<Probe>): Probe => ({
    method: `com.atproto.${method}`,
    verb: 'POST',
    ...(body !== undefined && { body }),
    ...more,
  })
  const access = { credentials: 'access' } as const
  const asAdmin = { credentials: 'admin' } as const
  const of = { did, collection, rkey: 'one' }
  const write = { repo: did, collection, record }
  return [
    post('server.createAccount', { handle: 'x.y.test', email, password }),
    post('server.createSession', { identifier: handle, password }),
    get('server.getSession', undefined, access),
    get('server.describeServer'),
    get('server.checkAccountStatus', undefined, access),
    post('server.requestAccountDelete', undefined, access),
    post('server.deleteAccount', { did, password, token: 'AAAAA-AAAAA' }),
    post('server.requestEmailConfirmation', undefined, access),
    post('server.confirmEmail', { email, token: 'AAAAA-AAAAA' }, access),
    post('server.requestEmailUpdate', undefined, access),
    post('server.updateEmail', { email: 'not an address' }, access),
    post('server.requestPasswordReset', { email }),
    post('server.resetPassword', { token: 'AAAAA-AAAAA', password: 'another' }),
    post('server.createAppPassword', { name: `probe ${probed}` }, access),
    get('server.listAppPasswords', undefined, access),
    post('server.revokeAppPassword', { name: 'nothing' }, access),
    get('server.getServiceAuth', { aud: 'did:web:example.com', lxm: 'com.example.do' }, access),
    post('server.reserveSigningKey', {}),
    post('server.createInviteCode', { useCount: 1 }, asAdmin),
    post('server.createInviteCodes', { codeCount: 1, useCount: 1 }, asAdmin),
    get('server.getAccountInviteCodes', undefined, access),
    get('identity.resolveHandle', { handle }),
    get('identity.resolveDid', { did }, access),
    get('identity.resolveIdentity', { identifier: did }, access),
    post('identity.refreshIdentity', { identifier: did }, access),
    get('identity.getRecommendedDidCredentials', undefined, access),
    post('identity.requestPlcOperationSignature', undefined, access),
    post('identity.signPlcOperation', { token: 'AAAAA-AAAAA' }, access),
    post('identity.submitPlcOperation', { operation: {} }, access),
    post('repo.createRecord', write, access),
    post('repo.putRecord', { ...write, rkey: 'put' }, access),
    post('repo.deleteRecord', { repo: did, collection, rkey: 'gone' }, access),
    post('repo.applyWrites', { repo: did, writes: [] }, access),
    get('repo.getRecord', { repo: did, collection, rkey: 'one' }),
    get('repo.listRecords', { repo: did, collection: 'com.example.none' }),
    get('repo.describeRepo', { repo: did }),
    post('repo.uploadBlob', 'a blob', { ...access, headers: { 'content-type': 'text/plain' } }),
    post('repo.importRepo', Buffer.from('no car'), {
      ...access,
      headers: { 'content-type': 'application/vnd.ipld.car' },
    }),
    get('repo.listMissingBlobs', undefined, access),
    get('sync.getRepo', { did }),
    get('sync.getRecord', of),
    get('sync.getBlocks', { did, cids: someCid }),
    get('sync.getLatestCommit', { did }),
    get('sync.getRepoStatus', { did }),
    get('sync.getBlob', { did, cid: someBlob }),
    get('sync.listBlobs', { did }),
    get('sync.getHead', { did }),
    get('sync.getCheckout', { did }),
    get('sync.listReposByCollection', { collection }, access),
    get('sync.listHosts', undefined, access),
    get('sync.getHostStatus', { hostname: 'example.com' }, access),
    post('sync.requestCrawl', { hostname: 'example.com' }, access),
    post('sync.notifyOfUpdate', { hostname: 'example.com' }, access),
    get('admin.getAccountInfo', { did }, asAdmin),
    get('admin.getAccountInfos', `dids=${did}`, asAdmin),
    get('admin.getSubjectStatus', { did }, asAdmin),
    post('admin.updateSubjectStatus', { subject: repoRef(did) }, asAdmin),
    post('admin.sendEmail', { recipientDid: did, senderDid: other.did, content: 'x' }, asAdmin),
    get('admin.getInviteCodes', { limit: 1 }, asAdmin),
    post('admin.disableInviteCodes', { codes: ['none'] }, asAdmin),
    post('admin.disableAccountInvites', { account: did }, asAdmin),
    post('admin.enableAccountInvites', { account: did }, asAdmin),
    post('admin.updateAccountEmail', { account: did, email }, asAdmin),
    post('admin.updateAccountHandle', { did, handle: 'nothing' }, asAdmin),
    post('admin.updateAccountPassword', { did, password: 'x'.repeat(300) }, asAdmin),
    get('admin.searchAccounts', { email }, asAdmin),
    post('admin.updateAccountSigningKey', { did, signingKey: 'did:key:none' }, asAdmin),
    post(
      'moderation.createReport',
      { reasonType: 'com.atproto.moderation.defs#reasonSpam', subject: repoRef(other.did) },
      access,
    ),
    get('temp.checkSignupQueue', undefined, access),
    get('temp.checkHandleAvailability', { handle }, access),
    { method: 'app.bsky.actor.getPreferences', verb: 'GET', ...access },
    { method: 'app.bsky.actor.putPreferences', verb: 'POST', body: { preferences: [] }, ...access },
    { method: 'app.bsky.actor.getProfile', verb: 'GET', query: { actor: did }, ...access },
    { method: 'app.bsky.actor.getProfiles', verb: 'GET', query: { actors: did }, ...access },
    { method: 'app.bsky.feed.getTimeline', verb: 'GET', ...access },
    { method: 'app.bsky.feed.getAuthorFeed', verb: 'GET', query: { actor: did }, ...access },
    { method: 'app.bsky.feed.getActorLikes', verb: 'GET', query: { actor: did }, ...access },
    {
      method: 'app.bsky.feed.getPostThread',
      verb: 'GET',
      query: { uri: `at://${did}/app.bsky.feed.post/one` },
      ...access,
    },
    {
      method: 'app.bsky.feed.getFeed',
      verb: 'GET',
      query: { feed: `at://${other.did}/app.bsky.feed.generator/one` },
      ...access,
    },
    {
      method: 'app.bsky.notification.registerPush',
      verb: 'POST',
      body: { serviceDid: 'did:web:localhost%3A1', token: 't', platform: 'ios', appId: 'a' },
      ...access,
    },
    { method: 'chat.bsky.convo.listConvos', verb: 'GET', ...access },
    { method: 'tools.ozone.moderation.queryStatuses', verb: 'GET', ...access },
    { method: 'com.example.unknown', verb: 'GET', ...access },
    post('identity.updateHandle', { handle: 'nothing at all' }, access),
    post('server.refreshSession', undefined, { credentials: 'refresh', changesState: true }),
    post('server.deleteSession', undefined, { credentials: 'refresh', changesState: true }),
    post('server.deactivateAccount', {}, { ...access, changesState: true }),
    post('server.activateAccount', undefined, { ...access, changesState: true }),
    post('admin.deleteAccount', { did }, { ...asAdmin, changesState: true }),
  ]
}

/** The credentials that the probe's method requires. */
export function fittingCredentials(
  { credentials }: Probe,
  { access, refresh }: Account,
): string | undefined {
  if (credentials === 'access') return access
  if (credentials === 'refresh') return refresh
  return credentials === 'admin' ? adminAuthorization : undefined
}
