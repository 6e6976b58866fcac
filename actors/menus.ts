/** What each actor can be asked: the whole list, written out by hand. What is not here cannot be called. */

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
import * as devices from '#src/authorization/devices.ts'
import * as lexicons from '#src/authorization/lexicons.ts'
import * as names from '#src/authorization/names.ts'
import * as requests from '#src/authorization/requests.ts'
import { isFirstUse } from '#src/authorization/used-once.ts'
import * as directory from '#src/directory/directory.ts'
import { lease } from '#src/limits/limiter.ts'
import { headsOf } from '#src/sequencer/heads.ts'
import { append, bounds, follow, read } from '#src/sequencer/log.ts'

export const accountMenu = {
  repo: {
    createRecord: once(createRecord),
    putRecord,
    deleteRecord,
    applyWrites: once(applyWrites),
    getRecord,
    listRecords,
    describeRepo,
    recentRecords,
  },
  sync: {
    getLatestCommit,
    getHead,
    getRepoStatus,
    getBlocks,
    getRecord: getRecordProof,
    openExport,
    readExport,
  },
  blob: {
    add: addUpload,
    find: findBlob,
    list: listBlobs,
    listMissing: listMissingBlobs,
    setTakedown,
    getTakedown,
    collect: collectTemps,
  },
  session: { createSession, refreshSession, getSession, deleteSession },
  appPassword: { create: createAppPassword, list: listAppPasswords, revoke: revokeAppPassword },
  email: {
    requestToken,
    confirm: once(confirmEmail),
    requestUpdate: requestEmailUpdate,
    update: once(updateEmail),
    set: setEmail,
  },
  password: { reset: once(resetPassword), set: setPassword },
  lifecycle: {
    wake,
    announce,
    changeState,
    end: endAccount,
    leave,
    due: dueness,
    status: checkOwnStatus,
    authorizeDeletion,
  },
  outbox: { remind },
  import: { begin: beginImport, take: takeImportPage, finish: finishImport, abort: abortImport },
  service: { createToken },
  preferences: { get: getPreferences, put: putPreferences },
  keys: {
    names: getKeyNames,
    begin: beginKeyRotation,
    finish: finishKeyRotation,
    abandon: abandonKeyRotation,
  },
  moderation: { getState, getRecordStatus, setRecordTakedown },
  identity: { getIdentity, setHandle, announceIdentity, usePlcToken },
  factors: {
    required,
    overview,
    events: listEvents,
    beginPasskey,
    finishPasskey,
    removePasskey,
    askForPasskey,
    beginTotp,
    confirmTotp: once(confirmTotp),
    removeTotp,
    beginEmail: beginEmailFactor,
    confirmEmail: once(confirmEmailFactor),
    removeEmail: removeEmailFactor,
    newRecoveryCodes,
    newPageCode,
    requestCode,
    removeAll: removeFactors,
  },
  page: {
    signIn,
    pendingStep,
    mailStep,
    finishStep,
    signInWithPasskey,
    check: checkPageSession,
    passSecondStep: once(passSecondStep),
    end: endPageSession,
  },
  oauth: {
    admit,
    recognize,
    describe: knownPerson,
    createGrant,
    findGrant,
    listGrants,
    rotateGrant,
    removeGrant,
    signInOnDevice,
    signOutOfDevice,
    findOnDevice,
    listDevices,
    rememberClient,
  },
}
export type AccountMenu = typeof accountMenu

export const directoryMenu = {
  accounts: {
    reserve: directory.reserve,
    confirm: directory.confirm,
    release: directory.release,
    find: directory.find,
    resolveHandle: directory.resolveHandle,
    list: directory.list,
    count: directory.countAccounts,
    search: directory.search,
    describe: directory.describe,
    setState: directory.setState,
    listDue: directory.listDue,
    forget: directory.forget,
    setHandle: directory.setHandle,
    setEmail: directory.setEmail,
  },
  reminders: {
    add: directory.addReminder,
    remove: directory.removeReminders,
    list: directory.listReminders,
  },
  passwordResets: { note: directory.notePasswordReset, find: directory.findPasswordReset },
  births: { find: directory.findBirth },
  identityChanges: {
    begin: directory.beginIdentityChange,
    end: directory.endIdentityChange,
    list: directory.listIdentityChanges,
  },
  settings: {
    get: directory.getSetting,
    put: directory.putSetting,
    hasHandlesUnder: directory.hasHandlesUnder,
  },
  keys: { reserve: directory.reserveKey, find: directory.findReservedKey },
  rotations: {
    note: directory.noteRotation,
    list: directory.listRotations,
    end: directory.endRotation,
  },
  invites: {
    list: directory.listInviteCodes,
    of: directory.invitesOf,
    disable: directory.disableInviteCodes,
    setDisabled: directory.setInvitesDisabled,
    create: directory.createInviteCodes,
    ofAccount: directory.accountInviteCodes,
  },
}
export type DirectoryMenu = typeof directoryMenu

/** What the authorization server keeps that belongs to no account yet, in shards. */
export const authorizationMenu = {
  requests: {
    create: requests.createRequest,
    read: requests.readRequest,
    update: requests.updateRequest,
    remove: requests.removeRequest,
    consume: requests.consumeRequest,
  },
  devices: {
    create: devices.createDevice,
    read: devices.readDevice,
    update: devices.updateDevice,
    remove: devices.removeDevice,
    noteAccount: devices.noteDeviceAccount,
    withAccounts: devices.deviceWithAccounts,
  },
  used: { isFirst: isFirstUse },
  names: { note: names.noteName, find: names.findName, forget: names.forgetName },
  lexicons: {
    store: lexicons.storeLexicon,
    find: lexicons.findLexicon,
    remove: lexicons.removeLexicon,
  },
}
export type AuthorizationMenu = typeof authorizationMenu

/** Rate limits: what gateways lease of them. */
export const limiterMenu = {
  leases: { lease },
}
export type LimiterMenu = typeof limiterMenu

export const sequencerMenu = {
  log: { append, read, follow, bounds },
  heads: { of: headsOf },
}
export type SequencerMenu = typeof sequencerMenu
