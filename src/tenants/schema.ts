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
]
