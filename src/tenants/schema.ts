/** The whole database of a tenant, on one page. Migrations are numbered and only ever appended. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const tenantSchema: readonly Migration[] = [
  [
    ddl`CREATE TABLE api_key (
       prefix TEXT PRIMARY KEY,         -- the beginning of the key, by which people know it
       hash TEXT NOT NULL UNIQUE,       -- SHA-256 of the whole key
       name TEXT NOT NULL,
       scopes TEXT NOT NULL,            -- JSON
       addresses TEXT NOT NULL,         -- JSON: from which it may be used; empty for all
       created_at INTEGER NOT NULL,     -- ms since 1970, like all times here
       created_by TEXT NOT NULL,
       expires_at INTEGER,
       last_used_at INTEGER             -- to the minute
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE audit (
       id INTEGER PRIMARY KEY,
       at INTEGER NOT NULL,
       actor TEXT NOT NULL,             -- a DID, the prefix of an API key, or operator
       action TEXT NOT NULL,            -- the method
       target TEXT,                     -- a DID, a domain, the prefix of a key
       detail TEXT                      -- JSON
     )`,
  ],
  [
    ddl`CREATE TABLE idempotency (         -- calls with an Idempotency-Key
       key TEXT PRIMARY KEY,
       call TEXT NOT NULL,              -- which call has it
       body_hash TEXT NOT NULL,
       begun_at INTEGER NOT NULL,
       answer BLOB                      -- sealed by the keychain; null while the call runs
     ) WITHOUT ROWID`,
    'CREATE INDEX idempotency_begun ON idempotency (begun_at)',
    ddl`CREATE TABLE job (                 -- files of accounts that are created in the background
       id TEXT PRIMARY KEY,
       kind TEXT NOT NULL,              -- createAccounts adoptAccounts
       state TEXT NOT NULL,             -- receiving running done cancelled
       row_count INTEGER NOT NULL DEFAULT 0,
       created INTEGER NOT NULL DEFAULT 0,  -- rows with this result
       existing INTEGER NOT NULL DEFAULT 0,
       failed INTEGER NOT NULL DEFAULT 0,
       created_at INTEGER NOT NULL,
       created_by TEXT NOT NULL,        -- as the actor of audit
       ended_at INTEGER
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE job_part (
       job TEXT NOT NULL,
       n INTEGER NOT NULL,              -- from 0 on
       input BLOB,                      -- JSON: its rows, sealed by the keychain; null once there are results
       results TEXT,                    -- a line of JSON for each row
       row_count INTEGER NOT NULL,
       PRIMARY KEY (job, n)
     ) WITHOUT ROWID`,
  ],
]
