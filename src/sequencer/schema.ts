/** The whole database of the sequencer, on one page. Migrations are numbered and only ever appended. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const sequencerSchema: readonly Migration[] = [
  [
    ddl`CREATE TABLE log (
       seq INTEGER PRIMARY KEY,         -- when it was logged, in µs since 1970; never the same, never less
       did TEXT NOT NULL,
       kind TEXT NOT NULL,              -- #commit #sync #identity #account
       prior INTEGER,                   -- seq of the repo's event before this one: how its history is found
       frame BLOB NOT NULL              -- what subscribers are sent
     )`,
    ddl`CREATE TABLE repo (
       did TEXT PRIMARY KEY,
       outbox_id INTEGER NOT NULL,      -- last id of the account's outbox that is in the log
       last_seq INTEGER NOT NULL,       -- and where it is
       head TEXT,                       -- CID of the latest commit
       rev TEXT
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE edge (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       trimmed INTEGER NOT NULL,        -- every event up to this seq is gone, being too old
       erased INTEGER NOT NULL          -- this event took earlier ones out of the log
     )`,
    `INSERT INTO edge VALUES (1, 0, 0)`,
  ],
]
