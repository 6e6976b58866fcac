/** What an account can be asked. What is not listed here cannot be called. */

import { collectTemps } from '#src/account/blobs/collect.ts'
import { findBlob, listBlobs, listMissingBlobs } from '#src/account/blobs/read.ts'
import { getTakedown, setTakedown } from '#src/account/blobs/takedown.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { newPageCode, newRecoveryCodes } from '#src/account/factors/codes.ts'
import {
  beginEmailFactor,
  confirmEmailFactor,
  removeEmailFactor,
} from '#src/account/factors/email.ts'
import { overview } from '#src/account/factors/overview.ts'
import {
  askForPasskey,
  beginPasskey,
  finishPasskey,
  removePasskey,
} from '#src/account/factors/passkeys.ts'
import { removeFactors, requestCode, required } from '#src/account/factors/second-step.ts'
import { beginTotp, confirmTotp, removeTotp } from '#src/account/factors/totp.ts'
import {
  abandonKeyRotation,
  beginKeyRotation,
  finishKeyRotation,
  getKeyNames,
} from '#src/account/identity/key-rotation.ts'
import { announceIdentity, getIdentity, setHandle } from '#src/account/identity/own-identity.ts'
import { createToken } from '#src/account/identity/service-token.ts'
import { checkOwnStatus } from '#src/account/lifecycle/account-status.ts'
import { getState } from '#src/account/lifecycle/admin-state.ts'
import { announce } from '#src/account/lifecycle/announce.ts'
import { authorizeDeletion } from '#src/account/lifecycle/authorize-deletion.ts'
import { wake } from '#src/account/lifecycle/awaken.ts'
import { changeState } from '#src/account/lifecycle/change-state.ts'
import { dueness } from '#src/account/lifecycle/due.ts'
import { endAccount, leave } from '#src/account/lifecycle/end-account.ts'
import { admit } from '#src/account/oauth/admit.ts'
import {
  createGrant,
  findGrant,
  listGrants,
  removeGrant,
  rotateGrant,
} from '#src/account/oauth/grants.ts'
import { recognize } from '#src/account/oauth/recognize.ts'
import {
  findOnDevice,
  knownPerson,
  listDevices,
  rememberClient,
  signInOnDevice,
  signOutOfDevice,
} from '#src/account/oauth/signed-in.ts'
import { getPreferences, putPreferences } from '#src/account/preferences/preferences.ts'
import { remind } from '#src/account/remind.ts'
import { openExport, readExport } from '#src/account/repo/export.ts'
import { abortImport, beginImport, finishImport, takeImportPage } from '#src/account/repo/import.ts'
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
import { listEvents } from '#src/account/security-events.ts'
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
  finishStep,
  mailStep,
  passSecondStep,
  pendingStep,
  signIn,
  signInWithPasskey,
} from '#src/account/sessions/page-sessions.ts'
import { resetPassword, setPassword } from '#src/account/sessions/passwords.ts'
import { usePlcToken } from '#src/account/sessions/plc-token.ts'
import {
  createSession,
  deleteSession,
  getSession,
  refreshSession,
} from '#src/account/sessions/sessions.ts'
import { once } from '#src/account/tickets.ts'
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
    ...reads({ find: findBlob, list: listBlobs, listMissing: listMissingBlobs, getTakedown }),
    ...writes({ add: addUpload, setTakedown, collect: collectTemps }),
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
    ...reads({ due: dueness, status: checkOwnStatus, authorizeDeletion }),
    ...writes({ wake, announce, changeState, end: endAccount, leave }),
  },
  outbox: writes({ remind }),
  import: writes({
    begin: beginImport,
    take: takeImportPage,
    finish: finishImport,
    abort: abortImport,
  }),
  service: reads({ createToken }),
  preferences: { ...reads({ get: getPreferences }), ...writes({ put: putPreferences }) },
  keys: {
    ...reads({ names: getKeyNames }),
    ...writes({ begin: beginKeyRotation, finish: finishKeyRotation, abandon: abandonKeyRotation }),
  },
  moderation: { ...reads({ getState, getRecordStatus }), ...writes({ setRecordTakedown }) },
  identity: { ...reads({ getIdentity }), ...writes({ setHandle, announceIdentity, usePlcToken }) },
  factors: {
    ...reads({ required, overview, events: listEvents }),
    ...writes({
      beginPasskey,
      finishPasskey,
      removePasskey,
      askForPasskey,
      beginTotp,
      removeTotp,
      beginEmail: beginEmailFactor,
      removeEmail: removeEmailFactor,
      newRecoveryCodes,
      newPageCode,
      requestCode,
      removeAll: removeFactors,
    }),
    ...once({ confirmTotp, confirmEmail: confirmEmailFactor }),
  },
  page: {
    ...reads({ pendingStep, check: checkPageSession }),
    ...writes({ signIn, mailStep, finishStep, signInWithPasskey, end: endPageSession }),
    ...once({ passSecondStep }),
  },
  oauth: {
    ...reads({
      recognize,
      describe: knownPerson,
      findGrant,
      listGrants,
      findOnDevice,
      listDevices,
    }),
    ...writes({
      admit,
      createGrant,
      rotateGrant,
      removeGrant,
      signInOnDevice,
      signOutOfDevice,
      rememberClient,
    }),
  },
} satisfies Actions
export type AccountActions = typeof accountActions
