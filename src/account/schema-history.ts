/** The steps of the account's schema about its history. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

/** Release 5: history. */
export const historyTables: Migration = [
  // Where in the event its operations and its commit are (CommitPlace); null in rows of older releases.
  'ALTER TABLE outbox ADD COLUMN ops_length INTEGER',
  'ALTER TABLE outbox ADD COLUMN block_at INTEGER',
  'ALTER TABLE outbox ADD COLUMN block_length INTEGER',
  ddl`CREATE TABLE history (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     since TEXT,                      -- the rev at which it begins; null if it is off
     days INTEGER,                    -- for how long; null as the server's settings say
     is_long INTEGER NOT NULL DEFAULT 0 -- whether the account is a tenant's
   )`,
  ddl`CREATE TABLE past_commit (         -- see past.ts; those that are not in the outbox any more
     rev TEXT PRIMARY KEY,
     cid TEXT NOT NULL,
     ops BLOB NOT NULL,               -- as in the event
     block BLOB NOT NULL,             -- the signed commit
     total INTEGER NOT NULL           -- bytes of the table up to this row, also of deleted ones
   ) WITHOUT ROWID`,
  ddl`CREATE TABLE past_record (         -- what was replaced or deleted
     id INTEGER PRIMARY KEY,
     path TEXT NOT NULL,
     cid TEXT NOT NULL,
     rev TEXT NOT NULL,               -- that wrote it
     until TEXT NOT NULL,             -- rev that replaced or deleted it
     total INTEGER NOT NULL,          -- as in past_commit
     value BLOB                       -- the record's block; null if it was deleted for good
   )`,
  ddl`CREATE TABLE restore (             -- the last one
     id INTEGER PRIMARY KEY CHECK (id = 1),
     started_at INTEGER NOT NULL,     -- ms since 1970
     by TEXT NOT NULL,                -- JSON: the principal
     detail TEXT NOT NULL,            -- for the audit log
     total INTEGER NOT NULL,          -- records
     done INTEGER NOT NULL DEFAULT 0,
     skipped INTEGER NOT NULL DEFAULT 0, -- changed meanwhile, or not restorable
     error TEXT                       -- why it ended before its end
   )`,
  ddl`CREATE TABLE restore_item (        -- what is left of it
     path TEXT PRIMARY KEY,
     cid TEXT,                        -- that it is to have; null for none
     current TEXT                     -- that it had when the restore began
   ) WITHOUT ROWID`,
  `INSERT INTO history (id, since) SELECT 1, rev FROM repo_root WHERE length(block) > 0`,
  `INSERT INTO past_commit (rev, cid, ops, block, total)
     SELECT rev, cid, x'80', block, length(block) FROM repo_root WHERE length(block) > 0`,
]

/** Release 5: blobs of records that were replaced or deleted, and the history of a tenant's accounts. */
export const pastBlobTables: Migration = [
  ddl`CREATE TABLE past_blob (           -- see past-blobs.ts; a row of past_record and a blob that it references
     until TEXT NOT NULL,
     path TEXT NOT NULL,
     blob_cid TEXT NOT NULL,
     PRIMARY KEY (until, path, blob_cid)
   ) WITHOUT ROWID`,
  'CREATE INDEX past_blob_cid ON past_blob (blob_cid)',
  // The tenant's setting, and when the directory was asked for it.
  'ALTER TABLE history ADD COLUMN tenant_days INTEGER',
  'ALTER TABLE history ADD COLUMN asked_at INTEGER NOT NULL DEFAULT 0',
]

/** Release 5: what made a commit (rules/commit-clients.ts); null if a member did, or if it is not known. */
export const commitClientColumns: Migration = [
  'ALTER TABLE outbox ADD COLUMN client TEXT',
  'ALTER TABLE past_commit ADD COLUMN client TEXT',
]
