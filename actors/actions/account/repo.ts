/** The actions on an account's repo: records, proofs and exports, imports. */
import { once, onceCommit } from '#src/account/idempotency-keys.ts'
import { closeExport, openExport, readExport } from '#src/account/repo/export.ts'
import { abortImport, addImportPage, beginImport, finishImport } from '#src/account/repo/import.ts'
import { countRecords, findRecords } from '#src/account/repo/own-records.ts'
import {
  getBlocks,
  getHead,
  getLatestCommit,
  getRecordProof,
  getRepoStatus,
} from '#src/account/repo/proofs.ts'
import { describeRepo, getRecord, listRecords } from '#src/account/repo/read.ts'
import { recentRecords } from '#src/account/repo/recent.ts'
import { applyWrites, createRecord, deleteRecord, putRecord } from '#src/account/repo/write.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const repoActions = {
  repo: {
    ...reads({
      getRecord,
      listRecords,
      describeRepo,
      recentRecords,
      count: countRecords,
      find: findRecords,
    }),
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
  import: {
    // A new import replaces the previous one; a page that was added is skipped.
    ...writes({ begin: beginImport, addPage: addImportPage, abort: abortImport }),
    ...once({ finish: finishImport }),
  },
} satisfies Actions
