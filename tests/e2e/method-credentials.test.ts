/** Every method with every kind of credentials, with the reference's answers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ComparisonServer,
  probesOf,
  startComparisonServer,
} from '#tests/support/comparison-server.ts'
import type { Account } from '../../bench/compare/account.ts'
import { createAccount, writeRecord } from '../../bench/compare/accounts.ts'
import { type Credentials, credentialsOf } from '../../bench/compare/credentials.ts'
import { createExternalAccount } from '../../bench/compare/external-account.ts'

let server: ComparisonServer
let other: Account
let account: Account
let kinds: Credentials

beforeAll(async () => {
  server = await startComparisonServer()
  const { client } = server
  other = await createAccount(client, 'somebody-else')
  account = await createAccount(client, 'somebody')
  await writeRecord(client, account, 'one')
  kinds = await credentialsOf(client, account, await createExternalAccount(client, 'stranger'))
})
afterAll(() => server?.[Symbol.asyncDispose]())

/** The distinct outcomes of these methods with one kind of credentials. */
async function outcomesWith(kind: string, methods: string): Promise<string[]> {
  const attempt = probesOf(methods, account, other).map((probe) =>
    server.outcome(probe, kinds[kind]!(probe.method)),
  )
  return [...new Set(await Promise.all(attempt))].sort()
}

const forEverySession = `server.checkAccountStatus server.requestEmailConfirmation server.listAppPasswords
  server.revokeAppPassword server.getServiceAuth identity.getRecommendedDidCredentials repo.listMissingBlobs
  app.bsky.actor.putPreferences repo.createRecord repo.putRecord repo.deleteRecord repo.applyWrites
  server.getSession temp.checkSignupQueue app.bsky.actor.getPreferences repo.uploadBlob`
const forFullSessions = `server.requestAccountDelete server.requestEmailUpdate server.createAppPassword
  server.getAccountInviteCodes identity.requestPlcOperationSignature`
const refusedAnyway = `server.confirmEmail server.updateEmail repo.importRepo identity.signPlcOperation
  identity.submitPlcOperation identity.updateHandle moderation.createReport`
const forModerators = `admin.getAccountInfo admin.getAccountInfos admin.getSubjectStatus
  admin.updateSubjectStatus admin.sendEmail admin.getInviteCodes admin.disableInviteCodes
  admin.disableAccountInvites admin.enableAccountInvites admin.searchAccounts`
const forTheAdmin = 'server.createInviteCode server.createInviteCodes admin.updateAccountEmail'
const forReaders = 'sync.getRecord sync.getLatestCommit sync.getHead sync.getCheckout'

const all = `${forEverySession} ${forFullSessions} ${refusedAnyway}`

describe('a method for accounts', () => {
  it.each([
    ['no credentials', ['401 AuthMissing']],
    ['an empty header', ['401 AuthMissing']],
    ['an unknown scheme', ['400 InvalidToken']],
    ['Bearer without a token', ['400 InvalidToken']],
    ['not a JWT', ['400 InvalidToken']],
    ['half a JWT', ['400 InvalidToken']],
    ['a DPoP token', ['401 invalid_token']],
    ['refresh token', ['400 InvalidToken']],
    ['an expired token', ['400 ExpiredToken']],
    ['a token signed by another', ['400 InvalidToken']],
    ['a token for another service', ['400 InvalidToken']],
    ['a token with an unknown scope', ['400 InvalidToken']],
    ['service token without lxm', ['400 InvalidToken']],
    ['admin', ['400 InvalidToken']],
    ['a wrong admin password', ['400 InvalidToken']],
  ])('a method for accounts rejects %s', async (kind, refusal) => {
    expect(await outcomesWith(kind, all)).toEqual(refusal)
  })

  it('a method for accounts accepts an access token', async () => {
    expect(await outcomesWith('access token', `${forEverySession} ${forFullSessions}`)).toEqual([
      '200',
    ])
  })

  it.each(['app password', 'privileged app password'])(
    'a method for accounts accepts an %s, unless it needs full access',
    async (kind) => {
      const fresh = forEverySession.replace('server.revokeAppPassword', '')
      expect(await outcomesWith(kind, fresh)).toEqual(['200'])
      expect(await outcomesWith(kind, forFullSessions)).toEqual(['400 InvalidToken'])
    },
  )

  it('the token of an account that is taken down is accepted by few methods', async () => {
    const kind = 'a token of a takendown account'
    const narrow =
      'identity.requestPlcOperationSignature app.bsky.actor.getPreferences sync.getRepo sync.listBlobs'
    expect(await outcomesWith(kind, narrow)).toEqual(['200'])
    const rest = all
      .split(/\s+/)
      .filter((name) => !narrow.includes(name) && name !== 'moderation.createReport')
    expect(await outcomesWith(kind, rest.join(' '))).toEqual(['400 InvalidToken'])
  })

  it('a method for accounts rejects a token with lxm, as session token and as service token', async () => {
    const others = all.replace('repo.uploadBlob', '')
    for (const kind of ['a token with lxm', 'service token', 'service token for another method']) {
      expect(await outcomesWith(kind, others)).toEqual(['400 InvalidToken'])
    }
  })

  it.each([
    ['a token with lxm', '401 BadJwtType', '401 BadJwtType'],
    ['service token for another method', '401 BadJwtLexiconMethod', '401 BadJwtLexiconMethod'],
    ['service token for another service', '401 BadJwtAudience', '401 BadJwtAudience'],
    ['expired service token', '401 JwtExpired', '401 JwtExpired'],
    ['service token', '403 AccountNotFound', '400 InvalidHandle'],
    ['service token without lxm', '400 InvalidToken', '401 BadJwtLexiconMethod'],
    ['access token', '200', '401 BadJwtType'],
    ['admin', '400 InvalidToken', '400 InvalidHandle'],
    ['no credentials', '401 AuthMissing', '400 InvalidHandle'],
    ['an empty header', '401 AuthMissing', '400 InvalidHandle'],
  ])('with %s uploadBlob answers %s and createAccount %s', async (kind, upload, create) => {
    expect(await outcomesWith(kind, 'repo.uploadBlob')).toEqual([upload])
    expect(await outcomesWith(kind, 'server.createAccount')).toEqual([create])
  })
})

describe('an admin method', () => {
  it('an admin method accepts the admin password, and nothing else', async () => {
    for (const kind of Object.keys(kinds)) {
      const expected = kind === 'admin' ? '200' : '401 AuthenticationRequired'
      expect([kind, await outcomesWith(kind, forTheAdmin)]).toEqual([kind, [expected]])
    }
  })

  it('an admin method for moderators rejects tokens of any other issuer', async () => {
    for (const kind of [
      'access token',
      'refresh token',
      'service token',
      'a token of an unknown account',
    ]) {
      expect(await outcomesWith(kind, forModerators)).toEqual(['401 UntrustedIss'])
    }
    for (const kind of ['no credentials', 'a wrong admin password', 'an admin of another name']) {
      expect(await outcomesWith(kind, forModerators)).toEqual(['401 AuthenticationRequired'])
    }
    expect(await outcomesWith('admin', forModerators)).toEqual(['200'])
  })
})

describe('a read', () => {
  it.each([
    ['no credentials', '200'],
    ['an empty header', '200'],
    ['access token', '200'],
    ['app password', '200'],
    ['admin', '200'],
    ['a wrong admin password', '401 AuthenticationRequired'],
    ['refresh token', '400 InvalidToken'],
    ['an expired token', '400 ExpiredToken'],
    ['a token of a takendown account', '400 InvalidToken'],
    ['a DPoP token', '401 invalid_token'],
  ])('a read with %s answers %s', async (kind, expected) => {
    expect(await outcomesWith(kind, forReaders)).toEqual([expected])
  })
})
