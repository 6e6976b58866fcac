/** A data folder as the reference PDS has it, with its tables as of its 0.5.35, for tests without the reference. */
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { LexMap } from '@atproto/lex-data'
import { signingKey } from '#src/ports/secp256k1.ts'
import { type ForeignRepo, foreignRepo } from '#tests/support/repo-cars.ts'
import { tempFolder } from '#tests/support/temp-folder.ts'

const accountTables = `
  CREATE TABLE app_password (did, name, passwordScrypt, createdAt, privileged INTEGER DEFAULT 0, PRIMARY KEY (did, name));
  CREATE TABLE invite_code (code PRIMARY KEY, availableUses INTEGER, disabled INTEGER DEFAULT 0, forAccount, createdBy, createdAt);
  CREATE TABLE invite_code_use (code, usedBy, usedAt, PRIMARY KEY (code, usedBy));
  CREATE TABLE refresh_token (id PRIMARY KEY, did, expiresAt, nextId, appPasswordName);
  CREATE TABLE actor (did PRIMARY KEY, handle, createdAt, takedownRef, deactivatedAt, deleteAfter);
  CREATE TABLE account (did PRIMARY KEY, email, passwordScrypt, emailConfirmedAt, invitesDisabled INTEGER DEFAULT 0);
  CREATE TABLE device (id PRIMARY KEY, sessionId, userAgent, ipAddress, lastSeenAt);
  CREATE TABLE account_device (did, deviceId, createdAt, updatedAt, PRIMARY KEY (deviceId, did));
  CREATE TABLE authorized_client (did, clientId, createdAt, updatedAt, data, PRIMARY KEY (did, clientId));
  CREATE TABLE token (id INTEGER PRIMARY KEY AUTOINCREMENT, did, tokenId, createdAt, updatedAt, expiresAt, clientId,
    clientAuth, deviceId, parameters, details, code, currentRefreshToken, scope);
  CREATE TABLE used_refresh_token (refreshToken PRIMARY KEY, tokenId INTEGER);`

const storeTables = `
  CREATE TABLE repo_root (did PRIMARY KEY, cid, rev, indexedAt);
  CREATE TABLE repo_block (cid PRIMARY KEY, repoRev, size INTEGER, content BLOB);
  CREATE TABLE record (uri PRIMARY KEY, cid, collection, rkey, repoRev, indexedAt, takedownRef);
  CREATE TABLE blob (cid PRIMARY KEY, mimeType, size INTEGER, tempKey, width, height, createdAt, takedownRef);
  CREATE TABLE account_pref (id INTEGER PRIMARY KEY AUTOINCREMENT, name, valueJson);`

const sequencerTables = `CREATE TABLE repo_seq (seq INTEGER PRIMARY KEY AUTOINCREMENT, did, eventType, event BLOB,
  invalidated INTEGER DEFAULT 0, sequencedAt)`

export const referenceTime = '2026-10-01T00:00:00.000Z'

type Values = Record<string, string | number | null | Uint8Array>

export interface TestReference {
  path: string
  accounts: DatabaseSync
  sequencer: DatabaseSync
  /** An account with these records, by path. Returns its repo. */
  add(account: {
    did: string
    handle: string | null
    records?: Record<string, LexMap>
  }): ForeignRepo
  /** Runs on the account's own database. */
  inStore(did: string, change: (store: DatabaseSync) => void): void
  close(): void
}

/** Adds a row of these columns. */
export function insert(db: DatabaseSync, table: string, values: Values): void {
  const columns = Object.keys(values)
  const places = columns.map(() => '?').join(', ')
  db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`).run(
    ...Object.values(values),
  )
}

export function referenceKey(did: string): Uint8Array {
  return new Uint8Array(createHash('sha256').update(`key of ${did}`).digest())
}

/** The test removes it when it ends. */
export function testReference(): TestReference {
  const path = tempFolder('reference')
  mkdirSync(join(path, 'actors'))
  const accounts = open(join(path, 'account.sqlite'), accountTables)
  const sequencer = open(join(path, 'sequencer.sqlite'), sequencerTables)
  const folderOf = (did: string) => {
    const hash = createHash('sha256').update(did).digest('hex')
    return join(path, 'actors', hash.slice(0, 2), did)
  }
  const inStore: TestReference['inStore'] = (did, change) => {
    const store = new DatabaseSync(join(folderOf(did), 'store.sqlite'))
    change(store)
    store.close()
  }
  return {
    path,
    accounts,
    sequencer,
    inStore,
    add({ did, handle, records = {} }) {
      const name = did.slice(-8)
      insert(accounts, 'actor', { did, handle, createdAt: referenceTime })
      insert(accounts, 'account', {
        ...{
          did,
          email: `${name}@Example.com`,
          passwordScrypt: 'salt:hash',
          emailConfirmedAt: null,
        },
      })
      mkdirSync(folderOf(did), { recursive: true })
      writeFileSync(join(folderOf(did), 'key'), referenceKey(did))
      const repo = foreignRepo({ did, signer: signingKey(referenceKey(did)), records })
      const store = open(join(folderOf(did), 'store.sqlite'), storeTables)
      fill(store, did, repo, records)
      store.close()
      return repo
    },
    close() {
      for (const db of [accounts, sequencer]) if (db.isOpen) db.close()
    },
  }
}

function open(path: string, tables: string): DatabaseSync {
  const db = new DatabaseSync(path)
  db.exec(`PRAGMA journal_mode = WAL; ${tables}`)
  return db
}

function fill(
  store: DatabaseSync,
  did: string,
  { root, rev, commit, nodes, records: blocks }: ForeignRepo,
  records: Record<string, LexMap>,
): void {
  insert(store, 'repo_root', { did, cid: root, rev, indexedAt: referenceTime })
  const stored = new Map([commit, ...nodes, ...blocks])
  for (const [cid, content] of stored) {
    insert(store, 'repo_block', { cid, repoRev: rev, size: content.length, content })
  }
  for (const [i, recordPath] of Object.keys(records).sort().entries()) {
    const [collection = '', rkey = ''] = recordPath.split('/')
    const cid = blocks[i]![0]
    const row = { uri: `at://${did}/${recordPath}`, cid, collection, rkey }
    insert(store, 'record', { ...row, repoRev: rev, indexedAt: referenceTime, takedownRef: null })
  }
}
