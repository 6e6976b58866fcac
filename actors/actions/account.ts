/**
 * The actions of the account actor; nothing else can be called. A comment at a write says why it may be repeated, if its
 * name does not.
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
import { uncountMail } from '#src/account/factors/mail-limit.ts'
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
import { closeExport, openExport, readExport } from '#src/account/repo/export.ts'
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
  findSession,
  getSession,
  refreshSession,
} from '#src/account/sessions/sessions.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const accountActions = {
  repo: {
    ...reads({ getRecord, listRecords, describeRepo, recentRecords }),
    // A put or delete that ran twice would undo what was written in between.
    ...onceCommit({ createRecord, putRecord, deleteRecord, applyWrites }),
  },
  sync: {
    ...reads({
      getLatestCommit,
      getHead,
      getRepoStatus,
      getBlocks,
      getRecord: getRecordProof,
      openExport,
      readExport,
    }),
    // What is closed stays closed.
    ...writes({ closeExport }),
  },
  blob: {
    ...reads({
      find: findBlob,
      list: listBlobs,
      listMissing: listMissingBlobs,
      getTakedown: getBlobTakedown,
    }),
    ...writes({ add: addUpload, setTakedown: setBlobTakedown, deleteUnusedUploads }),
  },
  session: {
    ...reads({ getSession }),
    // A refresh token has one successor, however often it is rotated.
    ...writes({ refreshSession, deleteSession }),
    // Consumes a code, and adds a sign-in to the security log.
    ...once({ createSession }, { createSession: findSession }),
  },
  appPassword: {
    ...reads({ list: listAppPasswords }),
    // The caller makes the password, so a retry recognizes its own.
    ...writes({ create: createAppPassword, revoke: revokeAppPassword }),
  },
  email: {
    // A second mail within 30 s is refused, so the first one would never be sent.
    ...once({ requestToken, requestUpdate: requestEmailUpdate }),
    // Run twice, it allows one mail more.
    ...writes({ uncountMail }),
    ...once({ confirm: confirmEmail, update: updateEmail, set: setEmail }),
  },
  // A second run would also end the sessions that began in between.
  password: once({ set: setPassword, reset: resetPassword }),
  lifecycle: {
    ...reads({ getDeletionDue, checkAccountStatus, authorizeDeletion }),
    ...writes({
      ensureProvisioned,
      // The current state may be announced twice.
      announce,
      changeState,
      deleteAccount,
      finishDeletion,
    }),
  },
  outbox: writes({ remind }),
  import: {
    // A new import replaces the previous one; a page that was added is skipped.
    ...writes({ begin: beginImport, addPage: addImportPage, abort: abortImport }),
    ...once({ finish: finishImport }),
  },
  service: reads({ getServiceAuth }),
  preferences: { ...reads({ get: getPreferences }), ...writes({ put: putPreferences }) },
  keys: {
    ...reads({ getSigningKeyDids }),
    ...writes({ begin: beginKeyRotation, finish: finishKeyRotation, abandon: abandonKeyRotation }),
  },
  moderation: {
    ...reads({ getState: getAdminState, getRecordStatus }),
    ...writes({ setRecordTakedown }),
  },
  identity: {
    ...reads({ getIdentity }),
    // The current handle may be announced twice.
    ...writes({ setHandle, announceIdentity }),
    ...once({ consumePlcToken }),
  },
  factors: {
    ...reads({
      required: requiredFactors,
      overview: getFactorOverview,
      events: listSecurityEvents,
      // Challenges are signed, not stored.
      beginPasskeyRegistration,
      beginPasskeyAssertion,
    }),
    ...writes({
      // A passkey has a unique id, so a retry finds its own.
      finishPasskeyRegistration,
      removePasskey,
      // An enrolment that was begun recently keeps its secret.
      beginTotp,
      removeTotp,
      removeEmail: removeEmailFactor,
      // A new code replaces the previous one, and only the returned one is shown.
      createPageCode,
    }),
    ...once({
      confirmTotp,
      confirmEmail: confirmEmailFactor,
      createRecoveryCodes,
      // A repetition within 30 s gets no code, and the first one would never be mailed.
      beginEmail: beginEmailFactor,
      requestCode: requestEmailCode,
      // Returns what was removed.
      removeAll: removeFactors,
    }),
  },
  page: {
    ...reads({ getPendingStep, check: checkPageSession }),
    // The caller makes the session's token, so a retry recognizes its session.
    ...writes({
      signIn,
      finishSecondStep,
      signInWithPasskey,
      end: endPageSession,
    }),
    ...once({ passSecondStep, requestStepCode }),
  },
  oauth: {
    ...reads({
      authenticateAccount,
      describe: describeWithClients,
      findGrant,
      listGrants,
      findOnDevice,
      listDevices,
    }),
    ...writes({
      // A proof is accepted once, and again for a retry of the same attempt.
      checkAccessToken,
      // The caller makes the token's id and the id of the one that follows it.
      createGrant,
      rotateGrant,
      removeGrant,
      signInOnDevice,
      signOutOfDevice,
      setAuthorizedClient,
    }),
  },
} satisfies Actions
export type AccountActions = typeof accountActions
