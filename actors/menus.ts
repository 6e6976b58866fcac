/** What each actor can be asked: the whole list, written out by hand. What is not here cannot be called. */
import { remind } from '#src/account/remind.ts'
import { listEvents } from '#src/account/security-events.ts'
import { once } from '#src/account/tickets.ts'
import { collectTemps } from '#src/blobs/collect.ts'
import { findBlob, listBlobs, listMissingBlobs } from '#src/blobs/read.ts'
import { getTakedown, setTakedown } from '#src/blobs/takedown.ts'
import { addUpload } from '#src/blobs/upload.ts'
import * as directory from '#src/directory/directory.ts'
import { newPageCode, newRecoveryCodes } from '#src/factors/codes.ts'
import { beginEmailFactor, confirmEmailFactor, removeEmailFactor } from '#src/factors/email.ts'
import { overview } from '#src/factors/overview.ts'
import { askForPasskey, beginPasskey, finishPasskey, removePasskey } from '#src/factors/passkeys.ts'
import { removeFactors, requestCode, required } from '#src/factors/second-step.ts'
import { beginTotp, confirmTotp, removeTotp } from '#src/factors/totp.ts'
import {
  abandonKeyRotation,
  beginKeyRotation,
  finishKeyRotation,
  getKeyNames,
} from '#src/identity/key-rotation.ts'
import { announceIdentity, getIdentity, setHandle } from '#src/identity/own-identity.ts'
import { createToken } from '#src/identity/service-token.ts'
import { checkOwnStatus } from '#src/lifecycle/account-status.ts'
import { getState } from '#src/lifecycle/admin-state.ts'
import { announce } from '#src/lifecycle/announce.ts'
import { authorizeDeletion } from '#src/lifecycle/authorize-deletion.ts'
import { wake } from '#src/lifecycle/awaken.ts'
import { changeState } from '#src/lifecycle/change-state.ts'
import { dueness } from '#src/lifecycle/due.ts'
import { endAccount, leave } from '#src/lifecycle/end-account.ts'
import { lease } from '#src/limits/limiter.ts'
import { admit } from '#src/oauth/admit.ts'
import * as devices from '#src/oauth/devices.ts'
import { createGrant, findGrant, listGrants, removeGrant, rotateGrant } from '#src/oauth/grants.ts'
import * as lexicons from '#src/oauth/lexicons.ts'
import * as names from '#src/oauth/names.ts'
import { recognize } from '#src/oauth/recognize.ts'
import * as requests from '#src/oauth/requests.ts'
import {
  findOnDevice,
  knownPerson,
  listDevices,
  rememberClient,
  signInOnDevice,
  signOutOfDevice,
} from '#src/oauth/signed-in.ts'
import { isFirstUse } from '#src/oauth/used-once.ts'
import { getPreferences, putPreferences } from '#src/preferences/preferences.ts'
import { openExport, readExport } from '#src/repo/export.ts'
import { abortImport, beginImport, finishImport, takeImportPage } from '#src/repo/import.ts'
import {
  getBlocks,
  getHead,
  getLatestCommit,
  getRecordProof,
  getRepoStatus,
} from '#src/repo/proofs.ts'
import { describeRepo, getRecord, listRecords } from '#src/repo/read.ts'
import { recentRecords } from '#src/repo/recent.ts'
import { getRecordStatus, setRecordTakedown } from '#src/repo/takedowns.ts'
import { applyWrites, createRecord, deleteRecord, putRecord } from '#src/repo/write.ts'
import { headsOf } from '#src/sequencer/heads.ts'
import { append, bounds, follow, read } from '#src/sequencer/log.ts'
import {
  createAppPassword,
  listAppPasswords,
  revokeAppPassword,
} from '#src/sessions/app-passwords.ts'
import {
  confirmEmail,
  requestEmailUpdate,
  requestToken,
  setEmail,
  updateEmail,
} from '#src/sessions/emails.ts'
import {
  checkPageSession,
  endPageSession,
  finishStep,
  mailStep,
  passSecondStep,
  pendingStep,
  signIn,
  signInWithPasskey,
} from '#src/sessions/page-sessions.ts'
import { resetPassword, setPassword } from '#src/sessions/passwords.ts'
import { usePlcToken } from '#src/sessions/plc-token.ts'
import { createSession, deleteSession, getSession, refreshSession } from '#src/sessions/sessions.ts'

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
