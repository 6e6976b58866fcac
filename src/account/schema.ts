/** The whole database of one account. Migrations are numbered and only ever appended. */
import { commitClientColumns, historyTables, pastBlobTables } from '#src/account/schema-history.ts'
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const accountSchema: readonly Migration[] = [
  [
    ddl`CREATE TABLE account (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       handle TEXT,
       email TEXT,
       email_confirmed_at TEXT,
       email_wanted TEXT,               -- the new address, until the directory has claimed it
       password_hash TEXT,
       signing_key BLOB NOT NULL,       -- sealed by the keychain
       signing_key_did TEXT NOT NULL,   -- did:key of its public half
       pending_key BLOB,                -- replaces it once the DID document names it; sealed
       pending_key_did TEXT,
       status TEXT NOT NULL,            -- active deactivated takendown suspended deleted
       deactivated_at TEXT,
       delete_after TEXT,               -- when a deactivated account is to be deleted
       takedown_ref TEXT,
       suspended_at TEXT,
       created_at TEXT NOT NULL,
       preferences TEXT                 -- unused since step 2, which moves it to its own table
     )`,
    ddl`CREATE TABLE repo_root (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       cid TEXT NOT NULL,
       rev TEXT NOT NULL,
       data TEXT NOT NULL,              -- root of the tree
       block BLOB NOT NULL,             -- the signed commit
       outbox_id INTEGER NOT NULL       -- last id assigned; ids are never reused
     )`,
    ddl`CREATE TABLE record (
       path TEXT PRIMARY KEY,           -- collection/rkey: the order of the tree
       cid TEXT NOT NULL,
       rev TEXT NOT NULL,
       value BLOB NOT NULL              -- the record's block
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE tombstone (           -- deleted paths, for the since parameter of getRepo
       path TEXT PRIMARY KEY,
       rev TEXT NOT NULL
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE backlink (            -- the subjects of likes, reposts, follows and blocks
       collection TEXT NOT NULL,
       subject TEXT NOT NULL,
       path TEXT NOT NULL,
       PRIMARY KEY (collection, subject, path)
     ) WITHOUT ROWID`,
    `CREATE INDEX backlink_path ON backlink (path)`,
    ddl`CREATE TABLE record_blob (         -- which record references which blob
       blob_cid TEXT NOT NULL,
       path TEXT NOT NULL,
       PRIMARY KEY (blob_cid, path)
     ) WITHOUT ROWID`,
    `CREATE INDEX record_blob_path ON record_blob (path)`,
    ddl`CREATE TABLE blob (                -- the uploads; their bytes are in the blob storage
       cid TEXT PRIMARY KEY,
       mime_type TEXT NOT NULL,
       size INTEGER NOT NULL,           -- bytes
       temp_key TEXT,                   -- storage key of the upload, until its bytes are moved
       state TEXT,                      -- temp: no record has referenced it yet; held: for the history only; unsettled: its bytes may not be where they belong
       created_at INTEGER NOT NULL,     -- ms since 1970: the last upload
       takedown_ref TEXT
     ) WITHOUT ROWID`,
    `CREATE INDEX blob_state ON blob (state) WHERE state IS NOT NULL`,
    ddl`CREATE TABLE takedown (            -- records that a moderator hides
       path TEXT PRIMARY KEY,
       ref TEXT NOT NULL
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE outbox (
       id INTEGER PRIMARY KEY,
       kind TEXT NOT NULL,              -- #commit #sync #identity #account
       event BLOB NOT NULL,             -- the encoded body without its seq
       seq_at INTEGER NOT NULL,         -- offset at which the seq belongs
       head TEXT,                       -- CID and rev of the commit, if it has one
       rev TEXT
     )`,
    ddl`CREATE TABLE refresh_token (
       id TEXT PRIMARY KEY,
       expires_at INTEGER NOT NULL,     -- ms since 1970
       next_id TEXT,
       app_password_name TEXT
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE credential (          -- app passwords and mailed tokens
       kind TEXT NOT NULL,              -- app password, or email token
       name TEXT NOT NULL,              -- the app password's, or the token's purpose
       secret TEXT NOT NULL,            -- the password's hash, or the token
       privileged INTEGER NOT NULL DEFAULT 0,
       created_at INTEGER NOT NULL,     -- ms since 1970
       PRIMARY KEY (kind, name)
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE factor (              -- second factors, their codes, and page sessions
       kind TEXT NOT NULL,              -- see factors/rows.ts
       id TEXT NOT NULL,                -- the passkey's credential id; the hash of a code or of a session's token
       secret BLOB,                     -- the passkey's public key; the TOTP secret, sealed by the keychain
       counter INTEGER NOT NULL DEFAULT 0, -- the passkey's; the last TOTP step that was used; attempts
       name TEXT,
       created_at INTEGER NOT NULL,     -- ms since 1970
       last_used_at INTEGER,
       PRIMARY KEY (kind, id)
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE security_event (      -- the newest 200
       id INTEGER PRIMARY KEY,
       at INTEGER NOT NULL,             -- ms since 1970
       kind TEXT NOT NULL,
       ip TEXT,
       user_agent TEXT,
       detail TEXT                      -- which app password, factor or application
     )`,
    ddl`CREATE TABLE oauth (               -- grants of apps, and devices that are signed in
       kind TEXT NOT NULL,              -- token, spent (a refresh token that was used), device, client
       id TEXT NOT NULL,                -- of token, device and client; of spent: the token's hash
       session TEXT,                    -- of token and spent: id of the session's first token
       refresh_hash TEXT,               -- of tokens
       code_hash TEXT,                  -- of tokens: the code that was exchanged for them
       data TEXT,                       -- JSON
       expires_at INTEGER,              -- ms since 1970; of tokens
       created_at INTEGER NOT NULL,
       updated_at INTEGER NOT NULL,
       PRIMARY KEY (kind, id)
     ) WITHOUT ROWID`,
  ],
  // Release 2. The account's row is read at every wake and preferences can be long, so they are no column of it. The
  // column stays, empty: schemas only grow.
  [
    'CREATE TABLE preferences (id INTEGER PRIMARY KEY CHECK (id = 1), value TEXT NOT NULL)',
    `INSERT INTO preferences (id, value)
     SELECT 1, preferences FROM account WHERE preferences IS NOT NULL`,
    'UPDATE account SET preferences = NULL',
    ddl`CREATE TABLE used_key (         -- idempotency keys of calls that took effect recently
       id TEXT PRIMARY KEY,
       used_at INTEGER NOT NULL,        -- ms since 1970
       answer BLOB                      -- JSON, sealed by the keychain; null if there is none
     ) WITHOUT ROWID`,
  ],
  // Release 4.
  [
    'ALTER TABLE outbox ADD COLUMN key TEXT',
    'ALTER TABLE outbox ADD COLUMN answer TEXT',
    ddl`CREATE TABLE kept_answer (         -- of events that have been delivered; in the outbox, of the others
       id INTEGER PRIMARY KEY,          -- of the event in the outbox
       key TEXT,                        -- idempotency key of the call, '' if none; null: not known
       answer TEXT                      -- JSON
     )`,
  ],
  // Release 5.
  [
    ddl`CREATE TABLE private_event (       -- see private-events.ts
       id INTEGER PRIMARY KEY,          -- microseconds since 1970, or the next number
       kind TEXT NOT NULL,              -- #session #grant …
       time INTEGER NOT NULL,           -- ms since 1970
       subject TEXT,                    -- which session, grant or app password
       body TEXT NOT NULL               -- JSON
     )`,
    // The id of the session that a token belongs to; null for tokens that were stored before and not rotated since.
    'ALTER TABLE refresh_token ADD COLUMN session TEXT',
  ],
  // Release 5: group accounts.
  [
    ddl`CREATE TABLE member (              -- who may act as this account; it is a group if there is any
       did TEXT PRIMARY KEY,
       role TEXT NOT NULL,              -- see rules/group-roles.ts, or of the table role
       kind TEXT NOT NULL,              -- person service
       added_by TEXT NOT NULL,          -- DID
       added_at INTEGER NOT NULL,       -- ms since 1970
       expires_at INTEGER,
       note TEXT
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE role (                -- besides the built-in ones
       name TEXT PRIMARY KEY,
       scope TEXT NOT NULL,             -- OAuth scopes
       manage TEXT NOT NULL,            -- JSON: what it may manage
       revision INTEGER NOT NULL        -- another one after each change
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE invitation (
       id TEXT PRIMARY KEY,             -- from the hash of its token
       kind TEXT NOT NULL,              -- invite (for one DID), link, transfer (of the ownership)
       role TEXT NOT NULL,
       for_whom TEXT,                   -- DID
       uses_left INTEGER,               -- null for any number
       approval INTEGER NOT NULL,       -- whether it makes a join request only
       note TEXT,
       created_by TEXT NOT NULL,        -- DID
       created_at INTEGER NOT NULL,     -- ms since 1970
       expires_at INTEGER NOT NULL
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE join_request (
       did TEXT PRIMARY KEY,
       role TEXT NOT NULL,              -- the one that the link offers
       invited_by TEXT NOT NULL,        -- DID: who made the link
       text TEXT,
       at INTEGER NOT NULL              -- ms since 1970
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE audit (               -- the newest 200,000
       id INTEGER PRIMARY KEY,
       at INTEGER NOT NULL,             -- ms since 1970
       actor TEXT NOT NULL,             -- DID
       role TEXT NOT NULL,              -- by which the actor could do it
       client TEXT,                     -- client id of an app, or what else was used
       action TEXT NOT NULL,
       target TEXT,                     -- a DID, a role, the path of a record
       rev TEXT,                        -- of the commit
       detail TEXT,
       reason TEXT,
       ip TEXT,
       user_agent TEXT,
       call TEXT                        -- the call's id, if its repetition must add no second row
     )`,
    'CREATE UNIQUE INDEX audit_call ON audit (call) WHERE call IS NOT NULL',
    'CREATE INDEX audit_rev ON audit (rev) WHERE rev IS NOT NULL',
    ddl`CREATE TABLE membership_change (   -- what the directory does not know yet
       did TEXT PRIMARY KEY,
       role TEXT,                       -- null if it is no member any more
       expires_at INTEGER
     ) WITHOUT ROWID`,
    // The member that uses it; null for the account's own.
    'ALTER TABLE refresh_token ADD COLUMN member TEXT',
    'CREATE INDEX refresh_token_member ON refresh_token (member, session) WHERE member IS NOT NULL',
    'ALTER TABLE credential ADD COLUMN member TEXT',
    'ALTER TABLE oauth ADD COLUMN member TEXT',
  ],
  historyTables,
  // Release 5: moves to and from other servers.
  [
    ddl`CREATE TABLE migration (           -- the last one
       id INTEGER PRIMARY KEY CHECK (id = 1),
       direction TEXT NOT NULL,         -- in out
       server TEXT NOT NULL,            -- URL of the other server
       step TEXT NOT NULL,              -- see rules/migrations.ts
       session BLOB,                    -- at the other server; sealed by the keychain, null when it is over
       progress TEXT NOT NULL,          -- JSON
       error TEXT,                      -- why it stopped
       started_at INTEGER NOT NULL,     -- ms since 1970
       updated_at INTEGER NOT NULL,
       run TEXT,                        -- which run of a gateway has claimed it
       runs_until INTEGER NOT NULL      -- when the claim ends
     )`,
    ddl`CREATE TABLE rotation_key (        -- did:keys that the owner has added on the account pages
       key TEXT PRIMARY KEY,
       added_at INTEGER NOT NULL        -- ms since 1970
     ) WITHOUT ROWID`,
  ],
  pastBlobTables,
  commitClientColumns,
]
