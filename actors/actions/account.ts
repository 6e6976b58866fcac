/**
 * What an account can be asked. What is not listed here cannot be called. A line beside a write says why it may be
 * repeated, if its name does not.
 */

import { deleteUnusedUploads } from '#src/account/blobs/delete-unused-uploads.ts'
import { findBlob, listBlobs, listMissingBlobs } from '#src/account/blobs/read.ts'
import { getBlobTakedown, setBlobTakedown } from '#src/account/blobs/takedown.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { createPageCode, createRecoveryCodes } from '#src/account/factors/codes.ts'
import {
  beginEmailFactor,
  confirmEmailFactor,
  removeEmailFactor,
} from '#src/account/factors/email.ts'
import { getFactorOverview } from '#src/account/factors/overview.ts'
import {
  beginPasskeyAssertion,
  beginPasskeyRegistration,
  finishPasskeyRegistration,
  removePasskey,
} from '#src/account/factors/passkeys.ts'
import {
  removeFactors,
  requestEmailCode,
  requiredFactors,
} from '#src/account/factors/second-step.ts'
import { beginTotp, confirmTotp, removeTotp } from '#src/account/factors/totp.ts'
import { once, onceCommit } from '#src/account/idempotency-keys.ts'
import {
  abandonKeyRotation,
  beginKeyRotation,
  finishKeyRotation,
  getSigningKeyDids,
} from '#src/account/identity/key-rotation.ts'
import { announceIdentity, getIdentity, setHandle } from '#src/account/identity/own-identity.ts'
import { getServiceAuth } from '#src/account/identity/service-auth.ts'
import { getAdminState } from '#src/account/lifecycle/admin-state.ts'
import { announce } from '#src/account/lifecycle/announce.ts'
import { authorizeDeletion } from '#src/account/lifecycle/authorize-deletion.ts'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { checkAccountStatus } from '#src/account/lifecycle/check-account-status.ts'
import { deleteAccount, finishDeletion } from '#src/account/lifecycle/delete-account.ts'
import { getDeletionDue } from '#src/account/lifecycle/deletion-due.ts'
import { ensureProvisioned } from '#src/account/lifecycle/wake.ts'
import { authenticateAccount } from '#src/account/oauth/authenticate-account.ts'
import { checkAccessToken } from '#src/account/oauth/check-access-token.ts'
import {
  describeWithClients,
  findOnDevice,
  listDevices,
  setAuthorizedClient,
  signInOnDevice,
  signOutOfDevice,
} from '#src/account/oauth/devices-and-clients.ts'
import {
  createGrant,
  findGrant,
  listGrants,
  removeGrant,
  rotateGrant,
} from '#src/account/oauth/grants.ts'
import { getPreferences, putPreferences } from '#src/account/preferences/preferences.ts'
import { remind } from '#src/account/remind.ts'
import { openExport, readExport } from '#src/account/repo/export.ts'
import { abortImport, addImportPage, beginImport, finishImport } from '#src/account/repo/import.ts'
import {
  getBlocks,
  getHead,
  getLatestCommit,
  getRecordProof,
  getRepoStatus,
} from '#src/account/repo/proofs.ts'
import { describeRepo, getRecord, listRecords } from '#src/account/repo/read.ts'
import { recentRecords } from '#src/account/repo/recent.ts'
import { getRecordStatus, setRecordTakedown } from '#src/account/repo/takedowns.ts'
import { applyWrites, createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { listSecurityEvents } from '#src/account/security-events.ts'
import {
  createAppPassword,
  listAppPasswords,
  revokeAppPassword,
} from '#src/account/sessions/app-passwords.ts'
import {
  confirmEmail,
  requestEmailUpdate,
  requestToken,
  setEmail,
  updateEmail,
} from '#src/account/sessions/emails.ts'
import {
  checkPageSession,
  endPageSession,
  finishSecondStep,
  getPendingStep,
  passSecondStep,
  requestStepCode,
  signIn,
  signInWithPasskey,
} from '#src/account/sessions/page-sessions.ts'
import { resetPassword, setPassword } from '#src/account/sessions/passwords.ts'
import { consumePlcToken } from '#src/account/sessions/plc-token.ts'
import {
  createSession,
  deleteSession,
  getSession,
  refreshSession,
} from '#src/account/sessions/sessions.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const accountActions = {
  repo: {
    ...reads({ getRecord, listRecords, describeRepo, recentRecords }),
    // The record that is there already, or gone already, makes no second commit.
    ...writes({ putRecord, deleteRecord }),
    ...onceCommit({ createRecord, applyWrites }),
  },
  sync: reads({
    getLatestCommit,
    getHead,
    getRepoStatus,
    getBlocks,
    getRecord: getRecordProof,
    openExport,
    readExport,
  }),
  blob: {
    ...reads({
      find: findBlob,
      list: listBlobs,
      listMissing: listMissingBlobs,
      getTakedown: getBlobTakedown,
    }),
    ...writes({ add: addUpload, setTakedown: setBlobTakedown, collect: deleteUnusedUploads }),
  },
  session: {
    ...reads({ getSession }),
    // A refresh token has one successor, however often it is asked for.
    ...writes({ refreshSession, deleteSession }),
    // A code is used up and a sign-in noted.
    ...once({ createSession }),
  },
  appPassword: {
    ...reads({ list: listAppPasswords }),
    // The caller makes the password: the name that has it already is its own.
    ...writes({ create: createAppPassword, revoke: revokeAppPassword }),
  },
  email: {
    // A fresh token replaces the one before, and only the one that is answered is sent.
    ...writes({ requestToken, requestUpdate: requestEmailUpdate }),
    ...once({ confirm: confirmEmail, update: updateEmail, set: setEmail }),
  },
  // Each ends every session, and the second time those that began in between.
  password: once({ set: setPassword, reset: resetPassword }),
  lifecycle: {
    ...reads({ deletionDue: getDeletionDue, status: checkAccountStatus, authorizeDeletion }),
    ...writes({
      wake: ensureProvisioned,
      // The state as it is may be announced twice.
      announce,
      changeState,
      end: deleteAccount,
      leave: finishDeletion,
    }),
  },
  outbox: writes({ remind }),
  import: {
    // A new import takes the place of the last; a page that has come is skipped.
    ...writes({ begin: beginImport, take: addImportPage, abort: abortImport }),
    ...once({ finish: finishImport }),
  },
  service: reads({ createToken: getServiceAuth }),
  preferences: { ...reads({ get: getPreferences }), ...writes({ put: putPreferences }) },
  keys: {
    ...reads({ names: getSigningKeyDids }),
    ...writes({ begin: beginKeyRotation, finish: finishKeyRotation, abandon: abandonKeyRotation }),
  },
  moderation: {
    ...reads({ getState: getAdminState, getRecordStatus }),
    ...writes({ setRecordTakedown }),
  },
  identity: {
    ...reads({ getIdentity }),
    // The handle as it is may be announced twice.
    ...writes({ setHandle, announceIdentity }),
    ...once({ usePlcToken: consumePlcToken }),
  },
  factors: {
    ...reads({
      required: requiredFactors,
      overview: getFactorOverview,
      events: listSecurityEvents,
      // Challenges are signed, not stored.
      beginPasskey: beginPasskeyRegistration,
      askForPasskey: beginPasskeyAssertion,
    }),
    ...writes({
      // A passkey has an id of its own: one that is there already is this one.
      finishPasskey: finishPasskeyRegistration,
      removePasskey,
      // An enrolment that was begun lately goes on with its secret.
      beginTotp,
      removeTotp,
      removeEmail: removeEmailFactor,
      // A fresh code replaces the one before, and only the one that is answered is shown.
      newPageCode: createPageCode,
    }),
    ...once({
      confirmTotp,
      confirmEmail: confirmEmailFactor,
      newRecoveryCodes: createRecoveryCodes,
      // A second code within 30 s is refused, so the first one would never be sent.
      beginEmail: beginEmailFactor,
      requestCode: requestEmailCode,
      // Answers what was removed.
      removeAll: removeFactors,
    }),
  },
  page: {
    ...reads({ pendingStep: getPendingStep, check: checkPageSession }),
    // The caller makes the session's token: a session that has begun is its own.
    ...writes({
      signIn,
      finishStep: finishSecondStep,
      signInWithPasskey,
      end: endPageSession,
    }),
    ...once({ passSecondStep, mailStep: requestStepCode }),
  },
  oauth: {
    ...reads({
      recognize: authenticateAccount,
      describe: describeWithClients,
      findGrant,
      listGrants,
      findOnDevice,
      listDevices,
    }),
    ...writes({
      // A proof is good once, and again for the attempt that showed it first.
      admit: checkAccessToken,
      // The caller makes the token's id and the id of the one that follows it.
      createGrant,
      rotateGrant,
      removeGrant,
      signInOnDevice,
      signOutOfDevice,
      rememberClient: setAuthorizedClient,
    }),
  },
} satisfies Actions
export type AccountActions = typeof accountActions
