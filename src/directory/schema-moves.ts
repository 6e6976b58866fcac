/** The step of the directory's schema about accounts that move here. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

/** Release 5: accounts of other servers that are invited to move here, and moves that a gateway carries out. */
export const moveTables: Migration = [
  ddl`CREATE TABLE move_invite (
     did TEXT NOT NULL UNIQUE,
     server TEXT NOT NULL,            -- the URL of the server that it is on
     handle TEXT NOT NULL,            -- there
     keeps_handle INTEGER NOT NULL,   -- 1 if the handle is a domain of its owner
     email TEXT,
     code TEXT NOT NULL UNIQUE,       -- an invite code, which no other account may use
     invited_at INTEGER NOT NULL,     -- ms since 1970, like all times here
     mailed_at INTEGER
   )`,
  'CREATE INDEX move_invite_server ON move_invite (server, did)',
  ddl`CREATE TABLE running_move (
     did TEXT PRIMARY KEY
   ) WITHOUT ROWID`,
]
