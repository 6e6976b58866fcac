/** The actions by which an account is archived and restored. */
import { openArchive, readArchivePart } from '#src/account/archive/open.ts'
import { addRestoredState, finishRestore } from '#src/account/archive/restore.ts'
import { once } from '#src/account/idempotency-keys.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const archiveActions = {
  archive: {
    ...reads({ open: openArchive, readPart: readArchivePart }),
    // A part that was added is skipped.
    ...writes({ addState: addRestoredState }),
    ...once({ finishRestore }),
  },
} satisfies Actions
