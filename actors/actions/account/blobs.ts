/** The actions on an account's blobs and preferences. */
import { deleteUnusedUploads } from '#src/account/blobs/delete-unused-uploads.ts'
import { blobUsage, listOwnBlobs } from '#src/account/blobs/own-blobs.ts'
import { findBlob, listBlobs, listMissingBlobs } from '#src/account/blobs/read.ts'
import { getBlobTakedown, setBlobTakedown } from '#src/account/blobs/takedown.ts'
import { addUpload } from '#src/account/blobs/upload.ts'
import { getPreferences, putPreferences } from '#src/account/preferences/preferences.ts'
import { type Actions, reads, writes } from '#src/rules/actions.ts'

export const blobsActions = {
  blob: {
    ...reads({
      find: findBlob,
      list: listBlobs,
      listMissing: listMissingBlobs,
      getTakedown: getBlobTakedown,
      listOwn: listOwnBlobs,
      usage: blobUsage,
    }),
    ...writes({ add: addUpload, setTakedown: setBlobTakedown, deleteUnusedUploads }),
  },
  preferences: { ...reads({ get: getPreferences }), ...writes({ put: putPreferences }) },
} satisfies Actions
