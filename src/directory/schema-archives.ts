/** The steps of the directory's schema about archives of accounts. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

/** Release 5: archives of accounts. */
export const archiveTables: Migration = [
  ddl`CREATE TABLE archive (             -- the last one of each account, and the last attempts
     did TEXT PRIMARY KEY,
     rev TEXT,                        -- of the last archive; null if there is none
     name TEXT,
     archived_at INTEGER,             -- ms since 1970, like all times here
     bytes INTEGER,                   -- without blobs that earlier archives have
     error TEXT,                      -- of the last attempt; null if it succeeded
     failed_at INTEGER,               -- since when attempts fail
     drilled_at INTEGER,
     drill_error TEXT
   ) WITHOUT ROWID`,
  'CREATE INDEX archive_failed ON archive (did) WHERE error IS NOT NULL OR drill_error IS NOT NULL',
  ddl`CREATE TABLE archive_lease (       -- what only one process may do at a time
     name TEXT PRIMARY KEY,           -- a DID, or: round
     holder TEXT NOT NULL,
     held_until INTEGER NOT NULL
   ) WITHOUT ROWID`,
  ddl`CREATE TABLE archive_round (       -- the last one over all accounts
     id INTEGER PRIMARY KEY CHECK (id = 1),
     started_at INTEGER NOT NULL,
     after TEXT,                      -- the cursor up to which it has come
     ended_at INTEGER,
     drilled_at INTEGER               -- when samples were last restored
   )`,
]

/** Release 5: changes besides the repo, and archives to buckets of the owners of accounts. */
export const ownBucketTables: Migration = [
  // The last private event that the archive has (see private-log.ts of the sequencer); null if there was none.
  'ALTER TABLE archive ADD COLUMN state_seq INTEGER',
  ddl`CREATE TABLE own_bucket (
     did TEXT PRIMARY KEY,
     location TEXT NOT NULL,          -- JSON: endpoint, region, bucket, prefix, accessKeyId, setBy
     secret BLOB NOT NULL,            -- the secret key, sealed by the keychain
     set_at INTEGER NOT NULL,         -- ms since 1970, like all times here
     rev TEXT,                        -- of the last archive there; null, like all below, if there is none
     state_seq INTEGER,
     name TEXT,
     archived_at INTEGER,
     bytes INTEGER,
     error TEXT,                      -- of the last attempt; null if it succeeded
     failed_at INTEGER,               -- since when attempts fail
     failures INTEGER NOT NULL DEFAULT 0, -- in a row
     next_at INTEGER                  -- when it is looked at again; null if it is paused
   ) WITHOUT ROWID`,
  'CREATE INDEX own_bucket_next ON own_bucket (next_at) WHERE next_at IS NOT NULL',
  // By a trigger, so that nothing that deletes an account can miss it.
  'CREATE TRIGGER own_bucket_deleted AFTER DELETE ON account BEGIN DELETE FROM own_bucket WHERE did = old.did; END',
]
