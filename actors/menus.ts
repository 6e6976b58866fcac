/** What each actor can be asked: the whole list, written out by hand. What is not here cannot be called. */
import { remind } from '#src/account/remind.ts'
import { once } from '#src/account/tickets.ts'
import * as directory from '#src/directory/directory.ts'
import { wake } from '#src/lifecycle/awaken.ts'
import { openExport, readExport } from '#src/repo/export.ts'
import {
  getBlocks,
  getHead,
  getLatestCommit,
  getRecordProof,
  getRepoStatus,
} from '#src/repo/proofs.ts'
import { describeRepo, getRecord, listRecords } from '#src/repo/read.ts'
import { applyWrites, createRecord, deleteRecord, putRecord } from '#src/repo/write.ts'
import { headsOf } from '#src/sequencer/heads.ts'
import { append, bounds, follow, read } from '#src/sequencer/log.ts'
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
  session: { createSession, refreshSession, getSession, deleteSession },
  lifecycle: { wake },
  outbox: { remind },
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
    setStatus: directory.setStatus,
    setHandle: directory.setHandle,
  },
  reminders: {
    add: directory.addReminder,
    remove: directory.removeReminders,
    list: directory.listReminders,
  },
  births: { find: directory.findBirth },
  invites: { create: directory.createInviteCodes },
}
export type DirectoryMenu = typeof directoryMenu

export const sequencerMenu = {
  log: { append, read, follow, bounds },
  heads: { of: headsOf },
}
export type SequencerMenu = typeof sequencerMenu
