/** The actions by which an account is archived and restored. */
import { openArchive, readArchivePart } from '#src/account/archive/open.ts'
import { mayReadArchives, noteArchiveChange } from '#src/account/archive/own-archives.ts'
import { addRestoredState, finishRestore } from '#src/account/archive/restore.ts'
import { once } from '#src/account/idempotency-keys.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const archiveActions = {
  archive: {
    ...reads({ open: openArchive, readPart: readArchivePart, mayRead: mayReadArchives }),
    // A part that was added is skipped.
    ...writes({ addState: addRestoredState }),
    ...once({ finishRestore, noteChange: noteArchiveChange }),
  },
} satisfies Actions
