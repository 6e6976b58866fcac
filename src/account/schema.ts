/** The whole database of one account, on one page. Migrations are numbered and only ever appended. */
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const accountSchema: readonly Migration[] = [
  [
    ddl`CREATE TABLE account (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       handle TEXT,
       email TEXT,
       email_confirmed_at TEXT,
       email_wanted TEXT,               -- what the directory is being asked to note instead of email
       password_hash TEXT,
       signing_key BLOB NOT NULL,       -- sealed by the keychain
       signing_key_did TEXT NOT NULL,   -- did:key of its public half
       pending_key BLOB,                -- the key that is to replace it, until the DID document names that
       pending_key_did TEXT,
       status TEXT NOT NULL,            -- active deactivated takendown suspended deleted
       deactivated_at TEXT,
       delete_after TEXT,               -- when a deactivated account is to be deleted
       takedown_ref TEXT,
       suspended_at TEXT,
       created_at TEXT NOT NULL,
       preferences TEXT                 -- not used after step 2, which moves it to a table of its own
     )`,
    ddl`CREATE TABLE repo_root (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       cid TEXT NOT NULL,
       rev TEXT NOT NULL,
       data TEXT NOT NULL,              -- root of the tree
       block BLOB NOT NULL,             -- the signed commit
       outbox_id INTEGER NOT NULL       -- last id given out; ids are never used twice
     )`,
    ddl`CREATE TABLE record (
       path TEXT PRIMARY KEY,           -- collection/rkey: the order of the tree
       cid TEXT NOT NULL,
       rev TEXT NOT NULL,
       value BLOB NOT NULL              -- the record's block
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE tombstone (           -- deleted paths, so that getRepo can answer since
       path TEXT PRIMARY KEY,
       rev TEXT NOT NULL
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE backlink (            -- what a like, repost, follow or block is about
       collection TEXT NOT NULL,
       subject TEXT NOT NULL,
       path TEXT NOT NULL,
       PRIMARY KEY (collection, subject, path)
     ) WITHOUT ROWID`,
    `CREATE INDEX backlink_path ON backlink (path)`,
    ddl`CREATE TABLE record_blob (         -- which record keeps which blob
       blob_cid TEXT NOT NULL,
       path TEXT NOT NULL,
       PRIMARY KEY (blob_cid, path)
     ) WITHOUT ROWID`,
    `CREATE INDEX record_blob_path ON record_blob (path)`,
    ddl`CREATE TABLE blob (                -- what was uploaded; the bytes are in the blob storage
       cid TEXT PRIMARY KEY,
       mime_type TEXT NOT NULL,
       size INTEGER NOT NULL,           -- bytes
       temp_key TEXT,                   -- of the upload, until its bytes are in their place
       state TEXT,                      -- temp: an upload that no record has had yet; unsettled: its bytes may not be where they belong
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
       seq_at INTEGER NOT NULL,         -- where in it the seq belongs
       head TEXT,                       -- the commit and rev it tells of, if any
       rev TEXT
     )`,
    ddl`CREATE TABLE refresh_token (
       id TEXT PRIMARY KEY,
       expires_at INTEGER NOT NULL,     -- ms since 1970
       next_id TEXT,
       app_password_name TEXT
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE credential (          -- app passwords, and the tokens that were sent by mail
       kind TEXT NOT NULL,              -- app password, or email token
       name TEXT NOT NULL,              -- the app password's, or the token's purpose
       secret TEXT NOT NULL,            -- the password's hash, or the token
       privileged INTEGER NOT NULL DEFAULT 0,
       created_at INTEGER NOT NULL,     -- ms since 1970
       PRIMARY KEY (kind, name)
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE factor (              -- what shows the owner besides the password, and what is under way with it
       kind TEXT NOT NULL,              -- see factors/rows.ts
       id TEXT NOT NULL,                -- the passkey's credential id; the hash of a code or of a session's token
       secret BLOB,                     -- the passkey's public key; the TOTP secret, sealed by the keychain
       counter INTEGER NOT NULL DEFAULT 0, -- the passkey's; the last TOTP step that was used; attempts
       name TEXT,
       created_at INTEGER NOT NULL,     -- ms since 1970
       last_used_at INTEGER,
       PRIMARY KEY (kind, id)
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE security_event (      -- what the owner may want to know of: the newest ones
       id INTEGER PRIMARY KEY,
       at INTEGER NOT NULL,             -- ms since 1970
       kind TEXT NOT NULL,
       ip TEXT,
       user_agent TEXT,
       detail TEXT                      -- which app password, factor or application
     )`,
    ddl`CREATE TABLE oauth (               -- what apps may do, and where the account is signed in
       kind TEXT NOT NULL,              -- token, spent (a refresh token that was used), device, client
       id TEXT NOT NULL,                -- the token's, the spent one's hash, the device's or the client's
       session TEXT,                    -- of tokens and spent ones: the first token's id
       refresh_hash TEXT,               -- of tokens: what they are renewed with, and the code they were given for
       code_hash TEXT,
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
    ddl`CREATE TABLE used_key (         -- idempotency keys of calls that took effect lately
       id TEXT PRIMARY KEY,
       used_at INTEGER NOT NULL,        -- ms since 1970
       answer BLOB                      -- JSON, sealed by the keychain; null if there is none
     ) WITHOUT ROWID`,
  ],
]
