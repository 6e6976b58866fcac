/** What a follow, block, like or repost is about: an account has one of these records per subject (the reference's rule). */
import type { LexMap } from '@atproto/lex-data'

/** A DID or an at:// URI; null for a record of another type. */
export function subjectOf({ $type, subject }: LexMap): string | null {
  switch ($type) {
    case 'app.bsky.graph.follow':
    case 'app.bsky.graph.block':
      return typeof subject === 'string' ? subject : null
    case 'app.bsky.feed.like':
    case 'app.bsky.feed.repost': {
      const uri = subject && typeof subject === 'object' && (subject as LexMap)['uri']
      return typeof uri === 'string' ? uri : null
    }
    default:
      return null
  }
}
