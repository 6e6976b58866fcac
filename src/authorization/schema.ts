/** The whole database of one shard of the authorization server. Migrations are numbered and only ever appended. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const authorizationSchema: readonly Migration[] = [
  [
    ddl`CREATE TABLE request (             -- authorization requests, from PAR to the token
       id TEXT PRIMARY KEY,
       data TEXT NOT NULL,              -- JSON: the client and its authentication
       parameters TEXT NOT NULL,        -- JSON
       device_id TEXT,
       did TEXT,                        -- the account that authorized it
       code_hash TEXT,
       consumed_by TEXT,                -- the attempt that exchanged the code
       expires_at INTEGER NOT NULL      -- ms since 1970
     ) WITHOUT ROWID`,
    `CREATE INDEX request_expiry ON request (expires_at)`,
    ddl`CREATE TABLE device (              -- browsers, known by their cookies
       id TEXT PRIMARY KEY,
       session_id TEXT NOT NULL,
       user_agent TEXT,
       ip_address TEXT NOT NULL,
       last_seen_at INTEGER NOT NULL    -- ms since 1970
     ) WITHOUT ROWID`,
    `CREATE INDEX device_age ON device (last_seen_at)`,
    ddl`CREATE TABLE device_account (      -- accounts that may be signed in on a device
       device_id TEXT NOT NULL,
       did TEXT NOT NULL,
       PRIMARY KEY (device_id, did)
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE used (                -- proofs, assertions and challenges that were used
       hash TEXT PRIMARY KEY,
       attempt TEXT NOT NULL,           -- the first use; a retry of it gets the same answer
       expires_at INTEGER NOT NULL      -- ms since 1970
     ) WITHOUT ROWID`,
    `CREATE INDEX used_expiry ON used (expires_at)`,
    ddl`CREATE TABLE name (                -- the token index: the account of a token or code
       hash TEXT PRIMARY KEY,
       did TEXT NOT NULL,
       request_id TEXT,                 -- of codes
       expires_at INTEGER NOT NULL      -- ms since 1970
     ) WITHOUT ROWID`,
    `CREATE INDEX name_expiry ON name (expires_at)`,
    ddl`CREATE TABLE lexicon (             -- permission sets, as last resolved
       nsid TEXT PRIMARY KEY,
       data TEXT NOT NULL,              -- JSON
       updated_at INTEGER NOT NULL      -- ms since 1970
     ) WITHOUT ROWID`,
  ],
]
