/** What happens to the credentials of an account, and its private events. */
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { deleteAccount } from '#src/account/lifecycle/delete-account.ts'
import { createGrant, removeGrant, rotateGrant } from '#src/account/oauth/grants.ts'
import { revokeAppPassword } from '#src/account/sessions/app-passwords.ts'
import { endPageSession, signIn } from '#src/account/sessions/page-sessions.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import {
  addPhone,
  app,
  did,
  grantOf,
  logIn,
  type Opened,
  password,
  phone,
} from '#tests/support/private-events-fixture.ts'

/** A thing that happens: what is there before, the SQL that does it, and its events without `#security`. */
export interface Scenario {
  title: string
  given?: (opened: Opened) => Promise<unknown>
  when: (opened: Opened) => Promise<unknown>
  sql: RegExp
  expected: unknown[]
}

export const pageToken = 'a page token'
export const pageId = 'QOoz2JtjuXmYkohamzodKC9agQRSma5txHS1sMCdADU'

export const credentialScenarios: Scenario[] = [
  {
    title: 'an app password that is created',
    when: addPhone,
    sql: /INSERT INTO credential/,
    expected: [['#appPassword', { change: 'created', ...app }, phone]],
  },
  {
    title: 'an app password that is revoked',
    given: addPhone,
    when: ({ account }) => revokeAppPassword(account, { name: 'phone' }),
    sql: /DELETE FROM credential/,
    expected: [['#appPassword', { change: 'revoked', ...app }, phone]],
  },
  {
    title: 'a sign-in on the account pages',
    when: ({ account }) => signIn(account, { password, token: pageToken }),
    sql: /INTO factor/,
    expected: [['#session', { change: 'created', kind: 'page' }, pageId]],
  },
  {
    title: 'a sign-out on the account pages',
    given: ({ account }) => signIn(account, { password, token: pageToken }),
    when: ({ account }) => endPageSession(account, { token: pageToken }),
    sql: /DELETE FROM factor WHERE kind = 'session'/,
    expected: [['#session', { change: 'ended', kind: 'page' }, pageId]],
  },
  {
    title: 'a new password',
    when: ({ account }) => setPassword(account, { password: 'another password' }),
    sql: /UPDATE account SET password_hash/,
    expected: [['#session', { change: 'ended', kind: 'all' }]],
  },
  {
    title: 'a takedown of the account',
    when: ({ account }) => changeState(account, { takedownRef: 'spam' }),
    sql: /UPDATE account SET/,
    expected: [
      [
        '#moderation',
        { subject: { $type: 'com.atproto.admin.defs#repoRef', did }, takedown: true },
      ],
      ['#session', { change: 'ended', kind: 'all' }],
      ['#status', { from: 'active', to: 'takendown' }],
    ],
  },
  {
    title: 'the end of a takedown of the account',
    given: ({ account }) => changeState(account, { takedownRef: 'spam' }),
    when: ({ account }) => changeState(account, { takedownRef: null }),
    sql: /UPDATE account SET/,
    expected: [
      [
        '#moderation',
        { subject: { $type: 'com.atproto.admin.defs#repoRef', did }, takedown: false },
      ],
      ['#status', { from: 'takendown', to: 'active' }],
    ],
  },
  {
    title: 'a deletion of the account',
    given: ({ account }) => logIn(account),
    when: ({ account }) => deleteAccount(account),
    sql: /DELETE FROM "refresh_token"/,
    expected: [['#session', { change: 'ended', kind: 'all' }]],
  },
  {
    title: 'a deactivation by an app, which ends what other apps have',
    given: async (opened) => {
      await addPhone(opened)
      await createGrant(opened.account, grantOf(opened.account, 'tok-1'))
      await createGrant(opened.account, grantOf(opened.account, 'tok-2', 'atproto blob:*/*'))
    },
    when: ({ account }) => changeState(account, { active: false, dropCredentials: true }),
    sql: /DELETE FROM oauth WHERE kind IN \('token', 'spent'\)/,
    expected: [
      ['#grant', { change: 'revoked', clientId: 'https://app', scope: 'atproto' }, 'tok-1'],
      [
        '#grant',
        { change: 'revoked', clientId: 'https://app', scope: 'atproto blob:*/*' },
        'tok-2',
      ],
      ['#appPassword', { change: 'revoked', ...app }, phone],
      ['#status', { from: 'active', to: 'deactivated' }],
    ],
  },
  {
    title: 'a suspension of the account',
    when: ({ account }) => changeState(account, { suspended: true }),
    sql: /UPDATE account SET/,
    expected: [['#status', { from: 'active', to: 'suspended' }]],
  },
  {
    title: 'a grant that is created',
    when: ({ account }) => createGrant(account, grantOf(account, 'tok-1')),
    sql: /INTO oauth/,
    expected: [
      ['#grant', { change: 'created', clientId: 'https://app', scope: 'atproto' }, 'tok-1'],
    ],
  },
  {
    title: 'a grant whose scope changes when it is refreshed',
    given: ({ account }) => createGrant(account, grantOf(account, 'tok-1')),
    when: ({ account }) =>
      rotateGrant(account, { id: 'tok-1', next: grantOf(account, 'tok-2', 'atproto rpc:*') }),
    sql: /UPDATE oauth SET id/,
    expected: [
      ['#grant', { change: 'changed', clientId: 'https://app', scope: 'atproto rpc:*' }, 'tok-1'],
    ],
  },
  {
    title: 'a grant that is revoked after it was refreshed',
    given: async ({ account }) => {
      await createGrant(account, grantOf(account, 'tok-1'))
      await rotateGrant(account, { id: 'tok-1', next: grantOf(account, 'tok-2') })
    },
    when: ({ account }) => removeGrant(account, { id: 'tok-2' }),
    sql: /DELETE FROM oauth WHERE kind = 'token'/,
    expected: [
      ['#grant', { change: 'revoked', clientId: 'https://app', scope: 'atproto' }, 'tok-1'],
    ],
  },
  {
    title: 'a grant that ends because there are more than 500',
    given: async ({ account, clock }) => {
      await createGrant(account, grantOf(account, 'tok-1'))
      clock.time += 1
      for (let i = 0; i < 499; i++) await createGrant(account, grantOf(account, `other-${i}`))
    },
    when: ({ account }) => createGrant(account, grantOf(account, 'new')),
    sql: /DELETE FROM oauth WHERE kind = 'token' AND member IS \? AND id NOT IN/,
    expected: [
      ['#grant', { change: 'created', clientId: 'https://app', scope: 'atproto' }, 'new'],
      ['#grant', { change: 'revoked', clientId: 'https://app', scope: 'atproto' }, 'tok-1'],
    ],
  },
  {
    title: 'a grant that ends because it was refreshed too often',
    given: async ({ account, clock }) => {
      await createGrant(account, grantOf(account, 'tok-1'))
      const spent = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
        INSERT INTO oauth (kind, id, session, created_at, updated_at)
        SELECT 'spent', 'spent-' || i, 'tok-1', ?1, ?1 FROM n`
      await account.sql.batch([{ sql: spent, params: [clock.time] }])
    },
    when: ({ account }) =>
      rotateGrant(account, { id: 'tok-1', next: grantOf(account, 'tok-2') }).catch(() => {}),
    sql: /DELETE FROM oauth WHERE kind = 'token' AND \(SELECT count/,
    expected: [
      ['#grant', { change: 'revoked', clientId: 'https://app', scope: 'atproto' }, 'tok-1'],
    ],
  },
]
