/** What happens to the factors, address, preferences, blobs and records of an account, and its private events. */
import { expect } from 'vitest'
import { deleteUnusedUploads } from '#src/account/blobs/delete-unused-uploads.ts'
import { setBlobTakedown } from '#src/account/blobs/takedown.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { createRecoveryCodes } from '#src/account/factors/codes.ts'
import {
  addEmailFactor,
  beginEmailFactor,
  confirmEmailFactor,
  removeEmailFactor,
} from '#src/account/factors/email.ts'
import {
  beginPasskeyRegistration,
  finishPasskeyRegistration,
  removePasskey,
} from '#src/account/factors/passkeys.ts'
import { removeFactors } from '#src/account/factors/second-step.ts'
import { beginTotp, confirmTotp, removeTotp } from '#src/account/factors/totp.ts'
import { putPreferences } from '#src/account/preferences/preferences.ts'
import { setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { createRecord } from '#src/account/repo/write.ts'
import { confirmEmail, requestToken, setEmail } from '#src/account/sessions/emails.ts'
import { signIn } from '#src/account/sessions/page-sessions.ts'
import { cidForRaw } from '#src/protocol/cid.ts'
import { Authenticator } from '#tests/support/authenticator.ts'
import { pageId, pageToken, type Scenario } from '#tests/support/credential-scenarios.ts'
import { did, type Opened, password } from '#tests/support/private-events-fixture.ts'
import { totpCode } from '#tests/support/totp-code.ts'

const collection = 'com.example.thing'
const adult = { $type: 'app.bsky.actor.defs#adultContentPref', enabled: false }
const details = { $type: 'app.bsky.actor.defs#personalDetailsPref', birthDate: '1990-01-01' }
const blob = { cid: cidForRaw(Uint8Array.of(1, 2, 3)), mimeType: 'image/png', size: 3 }
const record = { collection, rkey: 'one', record: { $type: collection } }
const upload = ({ account }: Opened) => addUpload(account, { ...blob, key: 'key' })

export const dataScenarios: Scenario[] = [
  {
    title: 'an authenticator app that is added',
    when: async ({ account, clock }) => {
      const { key } = await beginTotp(account)
      await confirmTotp(account, { code: totpCode(key, clock.time) })
    },
    sql: /INTO factor/,
    expected: [['#factor', { change: 'added', kind: 'totp' }]],
  },
  {
    title: 'an authenticator app that is removed',
    given: async ({ account, clock }) => {
      const { key } = await beginTotp(account)
      await confirmTotp(account, { code: totpCode(key, clock.time) })
    },
    when: ({ account }) => removeTotp(account),
    sql: /DELETE FROM factor WHERE kind = \?/,
    expected: [['#factor', { change: 'removed', kind: 'totp' }]],
  },
  {
    title: 'a passkey that is added',
    when: addPasskey,
    sql: /INTO factor/,
    expected: [['#factor', { change: 'added', kind: 'passkey' }]],
  },
  {
    title: 'a passkey that is removed',
    given: addPasskey,
    when: async ({ account }) => {
      const passkey = await account.sql.first<{ id: string }>(
        `SELECT id FROM factor WHERE kind = 'passkey'`,
      )
      await removePasskey(account, { id: passkey!.id })
    },
    sql: /DELETE FROM factor WHERE kind = \? AND id = \?/,
    expected: [['#factor', { change: 'removed', kind: 'passkey' }]],
  },
  {
    title: 'recovery codes that are made',
    when: ({ account }) => createRecoveryCodes(account),
    sql: /INTO factor/,
    expected: [['#factor', { change: 'added', kind: 'recovery code' }]],
  },
  {
    title: 'codes by mail that are turned on, which confirms the address',
    when: async ({ account }) => {
      const { token } = await beginEmailFactor(account, {})
      await confirmEmailFactor(account, { code: token! })
    },
    sql: /UPDATE account SET email_confirmed_at/,
    expected: [
      ['#factor', { change: 'added', kind: 'email' }],
      ['#email', { change: 'confirmed' }],
    ],
  },
  {
    title: 'codes by mail that are turned off',
    given: ({ account }) => addEmailFactor(account),
    when: ({ account }) => removeEmailFactor(account),
    sql: /DELETE FROM factor WHERE kind = \?/,
    expected: [['#factor', { change: 'removed', kind: 'email' }]],
  },
  {
    title: 'factors that the operator removes, which ends page sessions',
    given: async ({ account }) => {
      await signIn(account, { password, token: pageToken })
      await addEmailFactor(account)
    },
    when: ({ account }) => removeFactors(account, {}),
    sql: /DELETE FROM factor/,
    expected: [
      ['#factor', { change: 'removed', kind: 'email' }],
      ['#session', { change: 'ended', kind: 'page' }, pageId],
    ],
  },
  {
    title: 'an address that is changed, which turns codes by mail off',
    given: ({ account }) => addEmailFactor(account),
    when: ({ account }) => setEmail(account, { email: 'new@example.com' }),
    sql: /UPDATE account SET email = \?/,
    expected: [
      ['#factor', { change: 'removed', kind: 'email' }],
      ['#email', { change: 'changed' }],
    ],
  },
  {
    title: 'an address that is confirmed',
    when: async ({ account }) => {
      const { token } = await requestToken(account, { purpose: 'confirm_email' })
      await confirmEmail(account, { email: 'alice@example.com', token: token! })
    },
    sql: /UPDATE account SET email_confirmed_at/,
    expected: [['#email', { change: 'confirmed' }]],
  },
  {
    title: 'preferences: those that were added, changed and removed',
    given: ({ account }) =>
      putPreferences(account, {
        preferences: [adult, details, { $type: 'app.bsky.same', a: [1.5, { b: 'é' }] }],
        fullAccess: true,
      }),
    when: ({ account }) =>
      putPreferences(account, {
        preferences: [
          { $type: 'app.bsky.same', a: [1.5, { b: 'é' }] },
          { ...adult, enabled: true },
          { $type: 'app.bsky.new' },
        ],
        fullAccess: true,
      }),
    sql: /INSERT INTO preferences/,
    expected: [['#preferences', { names: [adult.$type, details.$type, 'app.bsky.new'] }]],
  },
  {
    title: 'preferences of an app that may not read personal details',
    given: ({ account }) =>
      putPreferences(account, { preferences: [adult, details], fullAccess: true }),
    when: ({ account }) => putPreferences(account, { preferences: [], fullAccess: false }),
    sql: /INSERT INTO preferences/,
    expected: [['#preferences', { names: [adult.$type] }]],
  },
  {
    title: 'an upload that is deleted because no record has referenced it',
    given: upload,
    when: ({ account, clock }) =>
      deleteUnusedUploads(account, { before: clock.time + 1, keys: [] }),
    sql: /UPDATE blob SET state = 'unsettled'/,
    expected: [['#blob', { ...blob, change: 'deleted' }]],
  },
  {
    title: 'a takedown of a blob',
    given: upload,
    when: ({ account }) => setBlobTakedown(account, { cid: blob.cid, ref: 'spam' }),
    sql: /UPDATE blob SET takedown_ref/,
    expected: [
      ['#blob', { ...blob, change: 'takendown' }],
      [
        '#moderation',
        {
          subject: { $type: 'com.atproto.admin.defs#repoBlobRef', did, cid: blob.cid },
          takedown: true,
        },
      ],
    ],
  },
  {
    title: 'the end of a takedown of a blob',
    given: async (opened) => {
      const { account } = opened
      await upload(opened)
      await setBlobTakedown(account, { cid: blob.cid, ref: 'spam' })
    },
    when: ({ account }) => setBlobTakedown(account, { cid: blob.cid, ref: null }),
    sql: /UPDATE blob SET takedown_ref/,
    expected: [
      ['#blob', { ...blob, change: 'restored' }],
      [
        '#moderation',
        {
          subject: { $type: 'com.atproto.admin.defs#repoBlobRef', did, cid: blob.cid },
          takedown: false,
        },
      ],
    ],
  },
  {
    title: 'a takedown of a record',
    given: ({ account }) => createRecord(account, record),
    when: ({ account }) => setRecordTakedown(account, { collection, rkey: 'one', ref: 'spam' }),
    sql: /INTO takedown/,
    expected: [
      [
        '#moderation',
        {
          subject: {
            $type: 'com.atproto.repo.strongRef',
            uri: `at://${did}/${collection}/one`,
            cid: expect.stringMatching(/^bafy/),
          },
          takedown: true,
        },
      ],
    ],
  },
]

async function addPasskey({ account }: Opened): Promise<void> {
  const passkey = new Authenticator({ origin: account.service.publicUrl })
  const response = passkey.register(await beginPasskeyRegistration(account))
  await finishPasskeyRegistration(account, { response, name: 'laptop' })
}
