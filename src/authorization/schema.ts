/** The whole database of one shard of the authorization server. Migrations are numbered and only ever appended. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const authorizationSchema: readonly Migration[] = [
  [
    ddl`CREATE TABLE request (             -- authorization requests, from PAR to the token
       id TEXT PRIMARY KEY,
       data TEXT NOT NULL,              -- JSON: the client, and how it proved itself
       parameters TEXT NOT NULL,        -- JSON: what it asks for
       device_id TEXT,
       did TEXT,                        -- who authorized it
       code_hash TEXT,
       consumed_by TEXT,                -- the one attempt that had the code
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
    ddl`CREATE TABLE device_account (      -- whom to ask who is signed in on a device; the accounts know whether it is so
       device_id TEXT NOT NULL,
       did TEXT NOT NULL,
       PRIMARY KEY (device_id, did)
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE used (                -- what may be shown once: proofs, assertions, challenges
       hash TEXT PRIMARY KEY,
       attempt TEXT NOT NULL,           -- who was first: a repetition of the same call hears the same
       expires_at INTEGER NOT NULL      -- ms since 1970
     ) WITHOUT ROWID`,
    `CREATE INDEX used_expiry ON used (expires_at)`,
    ddl`CREATE TABLE name (                -- whose a token id, a refresh token or a code is; the account knows what it is worth
       hash TEXT PRIMARY KEY,
       did TEXT NOT NULL,
       request_id TEXT,                 -- of codes
       expires_at INTEGER NOT NULL      -- ms since 1970
     ) WITHOUT ROWID`,
    `CREATE INDEX name_expiry ON name (expires_at)`,
    ddl`CREATE TABLE lexicon (             -- permission sets, as they were last found
       nsid TEXT PRIMARY KEY,
       data TEXT NOT NULL,              -- JSON
       updated_at INTEGER NOT NULL      -- ms since 1970
     ) WITHOUT ROWID`,
  ],
]
