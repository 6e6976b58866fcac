/** The actions on the history of an account: reading and restoring earlier states of its repo. */
import { listCommits } from '#src/account/history/commits.ts'
import { openExportAt } from '#src/account/history/export.ts'
import { getDiff, getRecordVersions, readValues } from '#src/account/history/read.ts'
import { getRestore, restoreRecords, restoreRepo } from '#src/account/history/restore.ts'
import {
  deleteVersions,
  emptyHistory,
  followTenant,
  getSettings,
  putSettings,
} from '#src/account/history/settings.ts'
import { once, onceCommit } from '#src/account/idempotency-keys.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const historyActions = {
  history: {
    ...reads({
      listCommits,
      getDiff,
      getRecordVersions,
      readValues,
      openExport: openExportAt,
      getRestore,
      getSettings,
    }),
    ...writes({ followTenant }),
    ...onceCommit({ restoreRecords }),
    // A repetition of a restore might begin a second one; each of the others adds a row to the audit log.
    ...once({ restoreRepo, putSettings, deleteVersions, empty: emptyHistory }),
  },
} satisfies Actions
