/** Every method about, and by, an account in each state, with the reference's answers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type ComparisonServer,
  probesOf,
  startComparisonServer,
} from '#tests/support/comparison-server.ts'
import type { Account } from '../../bench/compare/account.ts'
import { accountInState, accountStates, createAccount } from '../../bench/compare/accounts.ts'
import { fittingCredentials } from '../../bench/compare/every-method.ts'

let server: ComparisonServer
let other: Account
beforeAll(async () => {
  server = await startComparisonServer()
  other = await createAccount(server.client, 'somebody-else')
})
afterAll(() => server?.[Symbol.asyncDispose]())

/**
 * By state: active, deactivated, takendown, deleted, imported; with the credentials that the method requires.
 */
const table: [methods: string, ...outcomes: string[]][] = [
  [
    'server.createSession',
    '200',
    '200',
    '401 AccountTakedown',
    '401 AuthenticationRequired',
    '200',
  ],
  ['server.getSession', '200', '200', '400 InvalidRequest', '400 InvalidRequest', '200'],
  ['server.refreshSession', '200', '200', '401 AccountTakedown', '400 InvalidRequest', '200'],
  ['server.requestPasswordReset', '200', '200', '200', '200', '200'],
  [
    'server.checkAccountStatus repo.listMissingBlobs admin.getAccountInfo admin.getSubjectStatus app.bsky.actor.getPreferences',
    ...['200', '200', '200', '400 NotFound', '200'],
  ],
  [
    'server.requestAccountDelete server.requestEmailConfirmation server.requestEmailUpdate server.createAppPassword repo.uploadBlob app.bsky.actor.putPreferences',
    ...['200', '200', '401 AccountTakedown', '403 AccountNotFound', '200'],
  ],
  [
    'server.updateEmail repo.importRepo',
    ...[
      '400 InvalidRequest',
      '400 InvalidRequest',
      '401 AccountTakedown',
      '403 AccountNotFound',
      '400 InvalidRequest',
    ],
  ],
  [
    'server.confirmEmail',
    ...[
      '400 InvalidToken',
      '400 InvalidToken',
      '401 AccountTakedown',
      '403 AccountNotFound',
      '400 InvalidToken',
    ],
  ],
  ['server.getServiceAuth', ...['200', '200', '401 AccountTakedown', '403 AccountNotFound', '200']],
  [
    'server.getAccountInviteCodes',
    '200',
    '400 NotFound',
    '401 AccountTakedown',
    '403 AccountNotFound',
    '400 NotFound',
  ],
  [
    'identity.resolveHandle',
    '200',
    '400 HandleNotFound',
    '400 HandleNotFound',
    '400 HandleNotFound',
    '400 HandleNotFound',
  ],
  [
    'admin.updateSubjectStatus admin.sendEmail',
    ...['200', '200', '200', '400 InvalidRequest', '200'],
  ],
  // The owner of the imported account keeps all rotation keys, so no code would help.
  [
    'identity.requestPlcOperationSignature',
    ...['200', '200', '200', '400 InvalidRequest', '400 InvalidRequest'],
  ],
  [
    'repo.createRecord repo.putRecord repo.deleteRecord repo.applyWrites',
    ...[
      '200',
      '401 AccountDeactivated',
      '401 AccountTakedown',
      '403 AccountNotFound',
      '401 AccountDeactivated',
    ],
  ],
  [
    'repo.getRecord repo.listRecords',
    '200',
    '400 InvalidRequest',
    '400 InvalidRequest',
    '400 InvalidRequest',
    '400 InvalidRequest',
  ],
  [
    'repo.describeRepo sync.getRepo sync.getRecord sync.getLatestCommit sync.listBlobs sync.getHead sync.getCheckout',
    ...[
      '200',
      '400 RepoDeactivated',
      '400 RepoTakendown',
      '400 RepoNotFound',
      '400 RepoDeactivated',
    ],
  ],
  [
    'sync.getBlocks',
    '400 BlockNotFound',
    '400 RepoDeactivated',
    '400 RepoTakendown',
    '400 RepoNotFound',
    '400 RepoDeactivated',
  ],
  [
    'sync.getBlob',
    '400 BlobNotFound',
    '400 RepoDeactivated',
    '400 RepoTakendown',
    '400 RepoNotFound',
    '400 RepoDeactivated',
  ],
  ['sync.getRepoStatus', '200', '200', '200', '400 RepoNotFound', '200'],
  [
    'server.activateAccount',
    '200',
    '200',
    '400 AccountNotFound',
    '400 InvalidRequest',
    '400 InvalidRequest',
  ],
  ['admin.deleteAccount', '200', '200', '200', '200', '200'],
]

describe.each(accountStates.map((state, i) => [state, i] as const))(
  'an account that is %s',
  (state, i) => {
    it('every method answers as the state of the account requires', async () => {
      const subject = await accountInState(server.client, state, `in-${state}`)
      const found: Record<string, string> = {}
      const expected: Record<string, string> = {}
      for (const [methods, ...outcomes] of table) {
        for (const probe of probesOf(methods, subject, other)) {
          found[probe.method] = await server.outcome(probe, fittingCredentials(probe, subject))
          expected[probe.method] = outcomes[i]!
        }
      }
      expect(found).toEqual(expected)
    })
  },
)
