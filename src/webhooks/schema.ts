/** The whole database of the webhooks of one owner, on one page. Migrations are numbered and only ever appended. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const webhooksSchema: readonly Migration[] = [
  // Release 5.
  [
    ddl`CREATE TABLE endpoint (
       id TEXT PRIMARY KEY,
       url TEXT NOT NULL,
       description TEXT NOT NULL,
       types TEXT NOT NULL,             -- JSON: names of types, and patterns with a star
       collections TEXT NOT NULL,       -- JSON: whose records it gets
       secrets TEXT NOT NULL,           -- JSON: sealed, with the times of creation and end; the newest first
       created_at INTEGER NOT NULL,     -- ms since 1970, like all times here
       disabled_at INTEGER,
       disabled_reason TEXT,            -- operator gone failing
       position INTEGER NOT NULL,       -- seq: all earlier events of the log are deliveries, or are not wanted
       last_seq INTEGER NOT NULL,       -- of its messages: that of the newest one
       succeeded_at INTEGER,
       failing_since INTEGER            -- null if the last attempt succeeded
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE delivery (
       id INTEGER PRIMARY KEY,          -- in the order of the events
       endpoint TEXT NOT NULL,
       message TEXT NOT NULL,           -- the webhook-id
       type TEXT NOT NULL,
       account TEXT NOT NULL,           -- the DID, or a name that no other delivery waits for
       body TEXT NOT NULL,              -- as sent
       at INTEGER NOT NULL,             -- when the event happened
       state TEXT NOT NULL,             -- waiting delivered failed
       attempts INTEGER NOT NULL,
       next_at INTEGER NOT NULL,        -- of one that waits: not before
       attempted_at INTEGER,
       status INTEGER,                  -- HTTP status of the last attempt; null without a response
       error TEXT,
       is_repeat INTEGER NOT NULL       -- asked for by redeliver or replay
     )`,
    `CREATE INDEX delivery_endpoint ON delivery (endpoint, id)`,
    `CREATE INDEX delivery_waiting ON delivery (endpoint, id) WHERE state = 'waiting'`,
  ],
]
