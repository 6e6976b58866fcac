/** For every action that must run once, and some that may be repeated: an account in which one call of it takes effect. */

import type { AccountActions } from '#actors/actions/account.ts'
import type { Account } from '#src/account/account.ts'
import { addRestoredState } from '#src/account/archive/restore.ts'
import { createRecoveryCodes } from '#src/account/factors/codes.ts'
import { beginEmailFactor, confirmEmailFactor } from '#src/account/factors/email.ts'
import {
  beginPasskeyAssertion,
  beginPasskeyRegistration,
  finishPasskeyRegistration,
} from '#src/account/factors/passkeys.ts'
import { beginTotp, confirmTotp } from '#src/account/factors/totp.ts'
import { createGrant } from '#src/account/oauth/grants.ts'
import { addImportPage, beginImport } from '#src/account/repo/import.ts'
import { createRecord, deleteRecord } from '#src/account/repo/write.ts'
import { createClaim } from '#src/account/sessions/claims.ts'
import type { EmailPurpose } from '#src/account/sessions/email-tokens.ts'
import { confirmEmail, requestEmailUpdate, requestToken } from '#src/account/sessions/emails.ts'
import { signIn } from '#src/account/sessions/page-sessions.ts'
import { setPassword } from '#src/account/sessions/passwords.ts'
import { createSession } from '#src/account/sessions/sessions.ts'
import type { Remote } from '#src/engine/dispatch.ts'
import { newSigningKey } from '#src/ports/secp256k1.ts'
import type { OnceNames } from '#src/rules/actions.ts'
import { archiveStateContext } from '#src/rules/archive-state.ts'
import { Authenticator } from '#tests/support/authenticator.ts'
import { groupScenarios } from '#tests/support/group-scenarios.ts'
import { testDid } from '#tests/support/open-account.ts'
import { foreignRepo } from '#tests/support/repo-cars.ts'
import { totpCode } from '#tests/support/totp-code.ts'

/** Prepares the account; returns the call that is to take effect once. */
export type OnceScenario = (
  account: Account,
) => Promise<(remote: Remote<AccountActions>) => Promise<unknown>>

const client = { ip: '192.0.2.1', userAgent: 'a browser' }
const password = 'correct horse battery'
const collection = 'com.example.thing'
const record = { $type: collection, n: 1 }
const token = 'a-token-of-the-page'

/** Turns a second factor on and returns a code to sign in with. */
async function withFactor(account: Account): Promise<string> {
  await setPassword(account, { password })
  const { key } = await beginTotp(account)
  await confirmTotp(account, { code: totpCode(key, account.clock.now()) })
  return (await createRecoveryCodes(account)).codes[0]!
}

async function mailedToken(account: Account, purpose: EmailPurpose) {
  const { email, token } = await requestToken(account, { purpose })
  return { email, token: token! }
}

async function withEmailFactor(account: Account): Promise<void> {
  await setPassword(account, { password })
  const { token: code } = await beginEmailFactor(account, {})
  await confirmEmailFactor(account, { code: code! })
}

async function withPasskey(account: Account): Promise<Authenticator> {
  const passkey = new Authenticator({ origin: account.service.publicUrl })
  const response = passkey.register(await beginPasskeyRegistration(account))
  await finishPasskeyRegistration(account, { response, name: 'laptop' })
  return passkey
}

type RepoWrite = 'createRecord' | 'putRecord' | 'deleteRecord' | 'applyWrites'

/** Actions whose effect is one commit, whose event keeps the key and the answer. */
export const commits: Record<`repo.${RepoWrite}` | 'history.restoreRecords', OnceScenario> = {
  'repo.createRecord': async () => (remote) => remote.repo.createRecord({ collection, record }),
  'repo.putRecord': async () => (remote) =>
    remote.repo.putRecord({ collection, rkey: 'one', record }),
  'repo.deleteRecord': async (account) => {
    await createRecord(account, { collection, rkey: 'one', record })
    return (remote) => remote.repo.deleteRecord({ collection, rkey: 'one' })
  },
  'repo.applyWrites': async () => (remote) =>
    remote.repo.applyWrites({
      writes: [{ $type: 'com.atproto.repo.applyWrites#create', collection, value: record }],
    }),
  'history.restoreRecords': async (account) => {
    const at = await withDeletedRecord(account)
    const paths = [`${collection}/one`]
    return (remote) => remote.history.restoreRecords({ by: { did: testDid }, at, paths })
  },
}

/** Returns the rev at which the record was there. */
async function withDeletedRecord(account: Account): Promise<string> {
  const { commit } = await createRecord(account, { collection, rkey: 'one', record })
  await deleteRecord(account, { collection, rkey: 'one' })
  return commit!.rev
}

/** The others that must run once; the compiler says if one is missing. */
export const keyed: Record<
  Exclude<OnceNames<AccountActions>, keyof typeof commits>,
  OnceScenario
> = {
  ...groupScenarios,
  'history.restoreRepo': async (account) => {
    const at = await withDeletedRecord(account)
    return (remote) => remote.history.restoreRepo({ by: { did: testDid }, at })
  },
  'history.putSettings': async () => (remote) =>
    remote.history.putSettings({ by: { did: testDid }, days: 3 }),
  'history.deleteVersions': async () => (remote) =>
    remote.history.deleteVersions({ by: { did: testDid }, collection, rkey: 'one' }),
  'history.empty': async () => (remote) => remote.history.empty({ by: { did: testDid } }),
  'session.createSession': async (account) => {
    const authFactorToken = await withFactor(account)
    return (remote) => remote.session.createSession({ password, authFactorToken, client })
  },
  'session.endAll': async () => (remote) => remote.session.endAll({}),
  'email.requestToken': async () => (remote) =>
    remote.email.requestToken({ purpose: 'confirm_email' }),
  'email.requestUpdate': async (account) => {
    await confirmEmail(account, await mailedToken(account, 'confirm_email'))
    return (remote) => remote.email.requestUpdate({})
  },
  'email.confirm': async (account) => {
    const mail = await mailedToken(account, 'confirm_email')
    return (remote) => remote.email.confirm(mail)
  },
  'email.update': async (account) => {
    await confirmEmail(account, await mailedToken(account, 'confirm_email'))
    const { sent } = await requestEmailUpdate(account)
    const input = { email: 'new@example.com', token: sent!.token!, client }
    return (remote) => remote.email.update(input)
  },
  'email.set': async () => (remote) => remote.email.set({ email: 'new@example.com' }),
  'claim.use': async (account) => {
    await createClaim(account, { hash: 'claim', expiresAt: account.clock.now() + 1_000 })
    const input = { hash: 'claim', email: 'user@example.com', password: 'new password', client }
    return (remote) => remote.claim.use(input)
  },
  'password.set': async () => (remote) => remote.password.set({ password, client }),
  'password.reset': async (account) => {
    const mail = await mailedToken(account, 'reset_password')
    return (remote) => remote.password.reset({ token: mail.token, password, client })
  },
  'import.finish': async (account) => {
    const { key } = newSigningKey()
    const path = `${collection}/one`
    const { car } = foreignRepo({ did: testDid, signer: key, records: { [path]: record } })
    const { id } = await beginImport(account)
    await addImportPage(account, { id, n: 0, bytes: car })
    return (remote) => remote.import.finish({ id, keys: [key.did()] })
  },
  'archive.finishRestore': async (account) => {
    const { key } = newSigningKey()
    const records = { [`${collection}/one`]: record }
    const { car } = foreignRepo({ did: testDid, signer: key, records })
    const { id } = await beginImport(account)
    const state = Buffer.from(JSON.stringify({ archive: 'one', preferences: '[]' }))
    const bytes = account.keys.seal(state, archiveStateContext(testDid))
    await addRestoredState(account, { id, n: 0, bytes })
    await addImportPage(account, { id, n: 0, bytes: car })
    return (remote) => remote.archive.finishRestore({ id, keys: [key.did()] })
  },
  'identity.requestPlcToken': async () => (remote) =>
    remote.identity.requestPlcToken({ email: 'olga@example.com' }),
  'archive.noteChange': async () => (remote) =>
    remote.archive.noteChange({ by: { did: testDid }, action: 'deleteBucket' }),
  'identity.consumePlcToken': async (account) => {
    const mail = await mailedToken(account, 'plc_operation')
    return (remote) => remote.identity.consumePlcToken({ token: mail.token, client })
  },
  'factors.beginEmail': async () => (remote) => remote.factors.beginEmail({}),
  'factors.confirmEmail': async (account) => {
    const { token: code } = await beginEmailFactor(account, {})
    return (remote) => remote.factors.confirmEmail({ code: code!, client })
  },
  'factors.confirmTotp': async (account) => {
    const { key } = await beginTotp(account)
    const code = totpCode(key, account.clock.now())
    return (remote) => remote.factors.confirmTotp({ code, client })
  },
  'factors.createRecoveryCodes': async () => (remote) =>
    remote.factors.createRecoveryCodes({ client }),
  'factors.requestCode': async (account) => {
    await withEmailFactor(account)
    return (remote) => remote.factors.requestCode({})
  },
  'factors.removeAll': async (account) => {
    await withFactor(account)
    return (remote) => remote.factors.removeAll({})
  },
  'page.requestStepCode': async (account) => {
    await withEmailFactor(account)
    await signIn(account, { password, token })
    return (remote) => remote.page.requestStepCode({ token })
  },
  'page.passSecondStep': async (account) => {
    const code = await withFactor(account)
    return (remote) => remote.page.passSecondStep({ code, client })
  },
}

function grantAt(now: number) {
  return {
    id: 'tok-1',
    refreshHash: 'hash',
    codeHash: 'code',
    data: JSON.stringify({ clientId: 'http://localhost' }),
    expiresAt: now + 3_600_000,
    createdAt: now,
    updatedAt: now,
  }
}

/** Actions without a key that would do harm if a repetition were not the same call for them. */
export const repeatable: Record<string, OnceScenario> = {
  'appPassword.create': async () => (remote) =>
    remote.appPassword.create({ name: 'app', password: 'abcd-efgh-ijkl-mnop', privileged: false }),
  'factors.finishPasskeyRegistration': async (account) => {
    const passkey = new Authenticator({ origin: account.service.publicUrl })
    const response = passkey.register(await beginPasskeyRegistration(account))
    return (remote) =>
      remote.factors.finishPasskeyRegistration({ response, name: 'laptop', client })
  },
  'page.signIn': async (account) => {
    await setPassword(account, { password })
    return (remote) => remote.page.signIn({ password, token, client })
  },
  'page.finishSecondStep': async (account) => {
    const code = await withFactor(account)
    await signIn(account, { password, token })
    return (remote) => remote.page.finishSecondStep({ token, code, client })
  },
  'page.signInWithPasskey': async (account) => {
    const passkey = await withPasskey(account)
    const response = passkey.authenticate(await beginPasskeyAssertion(account))
    return (remote) => remote.page.signInWithPasskey({ token, response, client })
  },
  'oauth.createGrant': async (account) => {
    const grant = grantAt(account.clock.now())
    return (remote) => remote.oauth.createGrant(grant)
  },
  'oauth.rotateGrant': async (account) => {
    const grant = grantAt(account.clock.now())
    await createGrant(account, grant)
    const next = { ...grant, id: 'tok-2', refreshHash: 'next' }
    return (remote) => remote.oauth.rotateGrant({ id: grant.id, next })
  },
  'session.refreshSession': async (account) => {
    await setPassword(account, { password })
    const { refreshJwt } = await createSession(account, { password })
    const payload = Buffer.from(refreshJwt.split('.')[1]!, 'base64url').toString()
    const { jti: tokenId } = JSON.parse(payload) as { jti: string }
    return (remote) => remote.session.refreshSession({ tokenId })
  },
  'preferences.put': async () => (remote) =>
    remote.preferences.put({ preferences: [{ $type: 'app.bsky.x#y' }], fullAccess: true }),
}
