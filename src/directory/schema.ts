/** The whole database of the directory. Migrations are numbered and only ever appended. */
import { archiveTables, ownBucketTables } from '#src/directory/schema-archives.ts'
import { moveTables } from '#src/directory/schema-moves.ts'
import { ddl, type Migration } from '#src/ports/migrations.ts'

export const directorySchema: readonly Migration[] = [
  [
    ddl`CREATE TABLE account (
       did TEXT NOT NULL UNIQUE,
       handle TEXT NOT NULL UNIQUE,     -- lower case
       email TEXT UNIQUE,               -- lower case
       status TEXT NOT NULL,            -- active deactivated takendown suspended deleted
       invites_disabled INTEGER NOT NULL DEFAULT 0,
       reserved_until INTEGER,          -- ms since 1970: the account is being created; null once it is confirmed
       created_at INTEGER,              -- ms since 1970: when it was confirmed
       delete_after INTEGER             -- ms since 1970: when it is to be deleted, or its deletion to be finished
     )`,
    `CREATE INDEX account_created ON account (created_at, did) WHERE reserved_until IS NULL`,
    `CREATE INDEX account_due ON account (delete_after) WHERE delete_after IS NOT NULL`,
    `CREATE INDEX account_reserved ON account (reserved_until) WHERE reserved_until IS NOT NULL`,
    ddl`CREATE TABLE invite_code (
       code TEXT PRIMARY KEY,
       available_uses INTEGER NOT NULL,
       disabled INTEGER NOT NULL DEFAULT 0,
       for_account TEXT NOT NULL,       -- a DID, or admin
       created_by TEXT NOT NULL,
       created_at TEXT NOT NULL
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE invite_code_use (
       code TEXT NOT NULL,
       used_by TEXT NOT NULL,           -- DID
       used_at TEXT NOT NULL,
       PRIMARY KEY (code, used_by)
     ) WITHOUT ROWID`,
    `CREATE INDEX invite_code_use_by ON invite_code_use (used_by)`,
    ddl`CREATE TABLE password_reset (      -- the account of a password reset token
       did TEXT PRIMARY KEY,
       token_hash TEXT NOT NULL UNIQUE,
       requested_at INTEGER NOT NULL    -- ms since 1970
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE reminder (             -- accounts that may have undelivered events
       did TEXT PRIMARY KEY
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE identity_change (      -- identity changes in progress
       did TEXT PRIMARY KEY,
       handle TEXT UNIQUE,              -- the new one, lower case; null if something else changes
       held_until INTEGER NOT NULL      -- ms since 1970: the handle is reserved until then
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE setting (             -- set by the operator at run time
       name TEXT PRIMARY KEY,
       value TEXT NOT NULL
     ) WITHOUT ROWID`,
  ],
  [
    ddl`CREATE TABLE birth (               -- initial states of accounts that may have no database yet
       did TEXT PRIMARY KEY,
       signing_key BLOB NOT NULL,       -- sealed by the keychain
       signing_key_did TEXT NOT NULL,
       password_hash TEXT,              -- null, like all below, until the account is confirmed
       token_id TEXT,                   -- of the first refresh token
       created_at TEXT
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE key_rotation (        -- accounts whose signing key is being replaced
       did TEXT PRIMARY KEY,
       noted_at INTEGER NOT NULL        -- ms since 1970
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE reserved_key (        -- signing keys for accounts that will migrate here
       name TEXT PRIMARY KEY,           -- the DID it is for, or its own did:key
       signing_key BLOB NOT NULL,       -- sealed by the keychain in the context of that name
       signing_key_did TEXT NOT NULL,
       created_at INTEGER NOT NULL      -- ms since 1970
     ) WITHOUT ROWID`,
  ],
  // Release 4: the process in which the account was awake, by the id of its data folder; null for any process.
  ['ALTER TABLE reminder ADD COLUMN process TEXT'],
  // Release 5: where accounts were created from, and what relays say of this server and of its accounts.
  [
    // An address block: an IPv4 /24 or an IPv6 /48. Null if an admin created the account, and after a month.
    'ALTER TABLE account ADD COLUMN network TEXT',
    `CREATE INDEX account_network ON account (created_at) WHERE network IS NOT NULL`,
    ddl`CREATE TABLE relay (
       url TEXT PRIMARY KEY,
       asked_at INTEGER,                -- ms since 1970, like all times here; null if it was not asked yet
       next_at INTEGER NOT NULL,        -- it is not asked again before
       failures INTEGER NOT NULL,       -- in a row
       error TEXT,                      -- of the last time; null if it answered
       status TEXT,                     -- active idle offline throttled banned; null if it is not known
       accounts INTEGER,                -- how many of this server it has; null if it is not known
       seq INTEGER,                     -- the last event that it has; null if it is not known
       lag_ms INTEGER,                  -- of that, behind the newest one here
       account_limit INTEGER,           -- that its operator has granted, as far as ours has entered it
       newest_created_at INTEGER NOT NULL,  -- the newest account whose state there was asked for, and its DID
       newest_did TEXT NOT NULL,
       sampled_did TEXT NOT NULL        -- the last account of the rolling sample
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE relay_account (    -- what a relay says of an account that is active here
       did TEXT NOT NULL,
       relay TEXT NOT NULL,             -- its URL
       status TEXT NOT NULL,            -- active, absent, unknown, or the status there, such as throttled
       asked_at INTEGER NOT NULL,
       PRIMARY KEY (did, relay)
     ) WITHOUT ROWID`,
    `CREATE INDEX relay_account_status ON relay_account (relay, status, asked_at)`,
  ],
  // Release 5: who is a member of which group account, as the groups have told.
  [
    ddl`CREATE TABLE membership (
       member TEXT NOT NULL,            -- DID, of any server
       account TEXT NOT NULL,           -- DID of the group
       role TEXT NOT NULL,
       expires_at INTEGER,              -- ms since 1970
       PRIMARY KEY (member, account)
     ) WITHOUT ROWID`,
    'CREATE INDEX membership_account ON membership (account)',
    // JSON: the members, roles and records that a group is created with.
    'ALTER TABLE birth ADD COLUMN group_state TEXT',
    // JSON: the member of a group that changes its identity.
    'ALTER TABLE identity_change ADD COLUMN by_member TEXT',
  ],
  // Release 5: platforms with accounts of their own. Triggers count these, so that nothing that adds or removes an
  // account can miss it; a reservation counts too.
  [
    ddl`CREATE TABLE tenant (
       id TEXT PRIMARY KEY,
       name TEXT NOT NULL,
       did TEXT UNIQUE,                 -- of the platform itself, whose service tokens it accepts
       status TEXT NOT NULL,            -- active suspended
       created_at INTEGER NOT NULL,     -- ms since 1970, like all times here
       settings TEXT NOT NULL,          -- JSON: quotas, handlePattern, branding
       accounts INTEGER NOT NULL DEFAULT 0,       -- those that are being created too
       groups INTEGER NOT NULL DEFAULT 0,         -- of these
       hour INTEGER NOT NULL DEFAULT 0,           -- since 1970, in which an account was created last
       hour_accounts INTEGER NOT NULL DEFAULT 0,  -- how many in that hour
       sweep_at INTEGER                 -- when a process may look for accounts whose state does not follow; null if none is left
     ) WITHOUT ROWID`,
    ddl`CREATE TABLE tenant_admin (
       did TEXT NOT NULL,
       tenant TEXT NOT NULL,
       role TEXT NOT NULL,              -- owner admin viewer
       added_at INTEGER NOT NULL,
       PRIMARY KEY (did, tenant)
     ) WITHOUT ROWID`,
    'CREATE INDEX tenant_admin_tenant ON tenant_admin (tenant)',
    ddl`CREATE TABLE tenant_domain (       -- of handles; several may claim one, and one can prove it
       domain TEXT NOT NULL,            -- without a leading dot, lower case
       tenant TEXT NOT NULL,
       challenge TEXT NOT NULL,
       claimed_at INTEGER NOT NULL,
       verified_at INTEGER,
       label_min INTEGER NOT NULL,
       label_max INTEGER NOT NULL,
       PRIMARY KEY (domain, tenant)
     ) WITHOUT ROWID`,
    'CREATE UNIQUE INDEX tenant_domain_verified ON tenant_domain (domain) WHERE verified_at IS NOT NULL',
    'CREATE INDEX tenant_domain_tenant ON tenant_domain (tenant)',
    'ALTER TABLE account ADD COLUMN tenant TEXT',
    // What the tenant calls the account.
    'ALTER TABLE account ADD COLUMN external_id TEXT',
    // Of the accounts of tenants: person or group.
    'ALTER TABLE account ADD COLUMN kind TEXT',
    // Who has suspended it: tenant; server, because its tenant is suspended; null for the operator, or if it is not.
    'ALTER TABLE account ADD COLUMN suspended_by TEXT',
    `CREATE UNIQUE INDEX account_external_id ON account (tenant, external_id) WHERE external_id IS NOT NULL`,
    `CREATE INDEX account_tenant ON account (tenant, created_at, did) WHERE tenant IS NOT NULL`,
    `CREATE INDEX account_tenant_suspended ON account (tenant, suspended_by, did) WHERE tenant IS NOT NULL`,
    `CREATE TRIGGER tenant_account_added AFTER INSERT ON account WHEN new.tenant IS NOT NULL BEGIN UPDATE tenant SET accounts = accounts + 1, groups = groups + (new.kind IS 'group') WHERE id = new.tenant; END`,
    `CREATE TRIGGER tenant_account_removed AFTER DELETE ON account WHEN old.tenant IS NOT NULL BEGIN UPDATE tenant SET accounts = accounts - 1, groups = groups - (old.kind IS 'group') WHERE id = old.tenant; END`,
    `CREATE TRIGGER tenant_account_left AFTER UPDATE OF tenant, kind ON account WHEN old.tenant IS NOT NULL BEGIN UPDATE tenant SET accounts = accounts - 1, groups = groups - (old.kind IS 'group') WHERE id = old.tenant; END`,
    `CREATE TRIGGER tenant_account_joined AFTER UPDATE OF tenant, kind ON account WHEN new.tenant IS NOT NULL BEGIN UPDATE tenant SET accounts = accounts + 1, groups = groups + (new.kind IS 'group') WHERE id = new.tenant; END`,
    // An account whose creation began before its tenant was suspended.
    `CREATE TRIGGER tenant_account_confirmed AFTER UPDATE OF reserved_until ON account WHEN new.tenant IS NOT NULL AND new.reserved_until IS NULL BEGIN UPDATE tenant SET sweep_at = coalesce(sweep_at, 0) WHERE id = new.tenant AND status = 'suspended'; END`,
  ],
  // Release 5: what the accounts of tenants begin with.
  [
    // JSON: records of the first commit, if the account is no group.
    'ALTER TABLE birth ADD COLUMN records TEXT',
    // JSON: the first operation of the DID, until the account is confirmed.
    'ALTER TABLE birth ADD COLUMN genesis TEXT',
    ddl`CREATE TABLE tenant_job (          -- that are not done
       job TEXT PRIMARY KEY,
       tenant TEXT NOT NULL,
       taken_until INTEGER NOT NULL     -- ms since 1970: a gateway runs it until then
     ) WITHOUT ROWID`,
  ],
  // Release 5: custodial accounts, external ids that stay taken, and events about tenants.
  [
    // Of the accounts of tenants: 1 if a tenant has created or adopted it, so that no user had it before.
    'ALTER TABLE account ADD COLUMN is_custodial INTEGER NOT NULL DEFAULT 0',
    ddl`CREATE TABLE deleted_external_id ( -- of accounts of tenants that are deleted
       tenant TEXT NOT NULL,
       external_id TEXT NOT NULL,
       did TEXT NOT NULL,
       PRIMARY KEY (tenant, external_id)
     ) WITHOUT ROWID`,
    // By a trigger, so that nothing that deletes an account can miss it. A reservation is given up, not deleted.
    `CREATE TRIGGER external_id_deleted AFTER DELETE ON account WHEN old.tenant IS NOT NULL AND old.external_id IS NOT NULL AND old.reserved_until IS NULL BEGIN INSERT OR REPLACE INTO deleted_external_id (tenant, external_id, did) VALUES (old.tenant, old.external_id, old.did); END`,
    ddl`CREATE TABLE webhook_event (       -- that are in no log, until the webhooks of their owner have them
       id INTEGER PRIMARY KEY,
       owner TEXT NOT NULL,             -- of the webhooks
       message TEXT NOT NULL,           -- the webhook-id
       type TEXT NOT NULL,
       time TEXT NOT NULL,              -- ISO 8601
       data TEXT NOT NULL,              -- JSON
       UNIQUE (owner, message)
     )`,
  ],
  // Release 5: the audit log of the operator's console.
  [
    ddl`CREATE TABLE operator_audit (
       n INTEGER PRIMARY KEY,
       id TEXT NOT NULL UNIQUE,
       at INTEGER NOT NULL,             -- ms since 1970
       actor TEXT NOT NULL,             -- a DID, or: admin password
       action TEXT NOT NULL,
       target TEXT,
       detail TEXT,                     -- JSON
       address TEXT                     -- of the client
     )`,
    'CREATE INDEX operator_audit_at ON operator_audit (at)',
  ],
  // Release 5: moderation cases, with their reports, notes and actions.
  [
    ddl`CREATE TABLE moderation_case (
       n INTEGER PRIMARY KEY,           -- never used again: the newest case is not deleted
       subject TEXT NOT NULL,           -- a DID, the at:// URI of a record, or of a blob a DID and a CID
       did TEXT NOT NULL,               -- of the account
       state TEXT NOT NULL,             -- open escalated closed
       decision TEXT,                   -- of a closed one
       reporters INTEGER NOT NULL DEFAULT 0,
       reasons TEXT NOT NULL,           -- JSON: the number of reports of each kind
       entries INTEGER NOT NULL DEFAULT 0,
       opened_at INTEGER NOT NULL,      -- ms since 1970, like all times here
       reported_at INTEGER NOT NULL,    -- of the newest report
       changed_at INTEGER NOT NULL
     )`,
    `CREATE UNIQUE INDEX moderation_case_subject ON moderation_case (subject) WHERE state <> 'closed'`,
    'CREATE INDEX moderation_case_did ON moderation_case (did)',
    'CREATE INDEX moderation_case_state ON moderation_case (state)',
    'CREATE INDEX moderation_case_changed ON moderation_case (changed_at)',
    ddl`CREATE TABLE moderation_entry (
       n INTEGER PRIMARY KEY,
       id TEXT NOT NULL UNIQUE,         -- chosen by the caller, so that a repeated call stores nothing
       case_n INTEGER NOT NULL,
       at INTEGER NOT NULL,
       kind TEXT NOT NULL,              -- report note opened escalated closed action
       actor TEXT NOT NULL,             -- a DID, the prefix of an API key, or: admin password
       tenant TEXT,                     -- whose admin or key it was
       what TEXT,                       -- the reason type, the decision or the action
       text TEXT,
       cid TEXT                         -- of the record as it was reported
     )`,
    'CREATE INDEX moderation_entry_case ON moderation_entry (case_n, n)',
    `CREATE INDEX moderation_entry_reporter ON moderation_entry (actor, at) WHERE kind = 'report'`,
  ],
  archiveTables,
  // Release 5: initial states in the order in which they come. Thousands at once, in the order of their DIDs, each changed a
  // page of their own.
  [
    ddl`CREATE TABLE new_birth (
       did TEXT NOT NULL UNIQUE,
       signing_key BLOB NOT NULL,
       signing_key_did TEXT NOT NULL,
       password_hash TEXT,
       token_id TEXT,
       created_at TEXT,
       group_state TEXT,
       records TEXT,
       genesis TEXT
     )`,
    `INSERT INTO new_birth (did, signing_key, signing_key_did, password_hash, token_id, created_at, group_state, records, genesis) SELECT did, signing_key, signing_key_did, password_hash, token_id, created_at, group_state, records, genesis FROM birth`,
    'DROP TABLE birth',
    'ALTER TABLE new_birth RENAME TO birth',
  ],
  // Release 5: who has opened a case, if it was an account by its report; null for operators and in older rows.
  [
    'ALTER TABLE moderation_case ADD COLUMN opened_by TEXT',
    `CREATE INDEX moderation_case_opener ON moderation_case (opened_by) WHERE opened_by IS NOT NULL AND state <> 'closed'`,
  ],
  moveTables,
  ownBucketTables,
]
