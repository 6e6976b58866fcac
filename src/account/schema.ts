/** The whole database of one account, on one page. Migrations are numbered and only ever appended. */

export const accountSchema: readonly string[] = [
  `CREATE TABLE account (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     handle TEXT,
     email TEXT,
     email_confirmed_at TEXT,
     password_hash TEXT,
     signing_key BLOB NOT NULL,       -- sealed by the keychain
     signing_key_did TEXT NOT NULL,   -- did:key of its public half
     status TEXT NOT NULL,            -- active deactivated takendown suspended deleted
     created_at TEXT NOT NULL
   );
   CREATE TABLE repo_root (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     cid TEXT NOT NULL,
     rev TEXT NOT NULL,
     data TEXT NOT NULL,              -- root of the tree
     block BLOB NOT NULL,             -- the signed commit
     outbox_id INTEGER NOT NULL       -- last id given out; ids are never used twice
   );
   CREATE TABLE record (
     path TEXT PRIMARY KEY,           -- collection/rkey: the order of the tree
     cid TEXT NOT NULL,
     rev TEXT NOT NULL,
     value BLOB NOT NULL              -- the record's block
   ) WITHOUT ROWID;
   CREATE TABLE tombstone (           -- deleted paths, so that getRepo can answer since
     path TEXT PRIMARY KEY,
     rev TEXT NOT NULL
   ) WITHOUT ROWID;
   CREATE TABLE backlink (            -- what a like, repost, follow or block is about
     collection TEXT NOT NULL,
     subject TEXT NOT NULL,
     path TEXT NOT NULL,
     PRIMARY KEY (collection, subject, path)
   ) WITHOUT ROWID;
   CREATE INDEX backlink_path ON backlink (path);
   CREATE TABLE record_blob (         -- which record keeps which blob
     blob_cid TEXT NOT NULL,
     path TEXT NOT NULL,
     PRIMARY KEY (blob_cid, path)
   ) WITHOUT ROWID;
   CREATE INDEX record_blob_path ON record_blob (path);
   CREATE TABLE outbox (
     id INTEGER PRIMARY KEY,
     kind TEXT NOT NULL,              -- #commit #sync #identity #account
     event BLOB NOT NULL,             -- the encoded body without its seq
     seq_at INTEGER NOT NULL,         -- where in it the seq belongs
     head TEXT,                       -- the commit and rev it tells of, if any
     rev TEXT
   );
   CREATE TABLE refresh_token (
     id TEXT PRIMARY KEY,
     expires_at INTEGER NOT NULL,     -- ms since 1970
     next_id TEXT,
     app_password_name TEXT
   ) WITHOUT ROWID;`,
]
