/** What an account can be asked. What is not listed here cannot be called. */

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
import { once } from '#src/account/idempotency-keys.ts'
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
    ...writes({ putRecord, deleteRecord }),
    ...once({ createRecord, applyWrites }),
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
    ...writes({ createSession, refreshSession, deleteSession }),
  },
  appPassword: {
    ...reads({ list: listAppPasswords }),
    ...writes({ create: createAppPassword, revoke: revokeAppPassword }),
  },
  email: {
    ...writes({ requestToken, requestUpdate: requestEmailUpdate, set: setEmail }),
    ...once({ confirm: confirmEmail, update: updateEmail }),
  },
  password: { ...writes({ set: setPassword }), ...once({ reset: resetPassword }) },
  lifecycle: {
    ...reads({ deletionDue: getDeletionDue, status: checkAccountStatus, authorizeDeletion }),
    ...writes({
      wake: ensureProvisioned,
      announce,
      changeState,
      end: deleteAccount,
      leave: finishDeletion,
    }),
  },
  outbox: writes({ remind }),
  import: writes({
    begin: beginImport,
    take: addImportPage,
    finish: finishImport,
    abort: abortImport,
  }),
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
    ...writes({ setHandle, announceIdentity, usePlcToken: consumePlcToken }),
  },
  factors: {
    ...reads({
      required: requiredFactors,
      overview: getFactorOverview,
      events: listSecurityEvents,
    }),
    ...writes({
      beginPasskey: beginPasskeyRegistration,
      finishPasskey: finishPasskeyRegistration,
      removePasskey,
      askForPasskey: beginPasskeyAssertion,
      beginTotp,
      removeTotp,
      beginEmail: beginEmailFactor,
      removeEmail: removeEmailFactor,
      newRecoveryCodes: createRecoveryCodes,
      newPageCode: createPageCode,
      requestCode: requestEmailCode,
      removeAll: removeFactors,
    }),
    ...once({ confirmTotp, confirmEmail: confirmEmailFactor }),
  },
  page: {
    ...reads({ pendingStep: getPendingStep, check: checkPageSession }),
    ...writes({
      signIn,
      mailStep: requestStepCode,
      finishStep: finishSecondStep,
      signInWithPasskey,
      end: endPageSession,
    }),
    ...once({ passSecondStep }),
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
      admit: checkAccessToken,
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
