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
]
