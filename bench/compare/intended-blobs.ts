/** Intended differences of blobs that a call shows: rows of docs/design/differences.md. */
import type { IntendedDifference } from './intended.ts'

export const intendedForBlobs: IntendedDifference[] = [
  {
    what: 'getBlob',
    why: 'players of media seek; a blob never changes',
    matches: [[/a part: .*sync\.getBlob$/]],
  },
  {
    what: 'a blob of 0 bytes',
    why: 'the data model demands a size above 0',
    matches: [[/no bytes: .*uploadBlob$/]],
  },
  {
    what: 'a blob of type `*/*`',
    why: 'a range of types is no type',
    matches: [[/any: .*uploadBlob$/, /mimeType/]],
  },
]
