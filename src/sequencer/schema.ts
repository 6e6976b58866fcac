/** The whole database of the sequencer, on one page. Migrations are numbered and only ever appended. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const sequencerSchema: readonly Migration[] = [
  [
    ddl`CREATE TABLE log (
       seq INTEGER PRIMARY KEY,         -- when it was logged, in µs since 1970; always increases
       did TEXT NOT NULL,
       kind TEXT NOT NULL,              -- #commit #sync #identity #account
       prior INTEGER,                   -- seq of the account's previous event, to find its history
       frame BLOB NOT NULL              -- as sent to subscribers
     )`,
    ddl`CREATE TABLE repo (
       did TEXT PRIMARY KEY,
       outbox_id INTEGER NOT NULL,      -- last id of the account's outbox that is in the log
       last_seq INTEGER NOT NULL,       -- and its seq
       head TEXT,                       -- CID of the latest commit
       rev TEXT
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE edge (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       trimmed INTEGER NOT NULL,        -- all events up to this seq were deleted for their age
       erased INTEGER NOT NULL          -- seq of the newest account deletion, which erased earlier events
     )`,
    `INSERT INTO edge VALUES (1, 0, 0)`,
  ],
  [
    // How many events the log has up to the seq `counted`.
    'ALTER TABLE edge ADD COLUMN events INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE edge ADD COLUMN counted INTEGER NOT NULL DEFAULT 0',
  ],
  // Release 5.
  [
    // How many numbers the event takes, of which seq is the last: a commit takes one for each operation, except in rows
    // of earlier releases.
    'ALTER TABLE log ADD COLUMN numbers INTEGER NOT NULL DEFAULT 1',
    ddl`CREATE TABLE private_log (       -- events that are not on the firehose
       seq INTEGER PRIMARY KEY,         -- from the same numbers as those of the log
       did TEXT NOT NULL,
       kind TEXT NOT NULL,
       at INTEGER NOT NULL,             -- ms since 1970: when the account wrote it
       subject TEXT,                    -- which session, grant or app password it is about
       body TEXT NOT NULL               -- JSON
     )`,
    `CREATE INDEX private_log_did ON private_log (did, seq)`,
    ddl`CREATE TABLE private_repo (
       did TEXT PRIMARY KEY,
       outbox_id INTEGER NOT NULL,      -- last id of the account's private events that is in private_log
       last_seq INTEGER NOT NULL        -- and its seq
     ) WITHOUT ROWID`,
  ],
  // Release 5: the last private event after which an archive of the account is not up to date.
  ['ALTER TABLE private_repo ADD COLUMN state_seq INTEGER'],
]
