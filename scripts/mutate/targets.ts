/** The files that are mutated if no others are named: the protocol and the path of a write. */
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './test-run.ts'

const first = [
  ...['cbor', 'cid', 'car', 'car-reader', 'tid', 'tree', 'tree-walk', 'commit', 'events', 'frames'],
  ...['record-json', 'record-value', 'repo-blocks', '*'],
].map((name) => `src/protocol/${name}.ts`)

const account = [
  ...[
    'repo/commit-writes',
    'write-lane',
    'lane-heads',
    'write-group',
    'outbox',
    'kept-answers',
    'head',
    'directory-mirror',
    'snapshots',
  ],
  ...['stored-records', 'takedowns', 'blobs', 'blob-location', 'tid-clock', 'idempotency-keys'],
  ...['idempotency-cache', 'failed-transactions', 'write-group', 'kept-answers'],
  ...['write', 'records', 'init', 'export*', 'prepare-import', 'import*'].map(
    (name) => `repo/${name}`,
  ),
].map((name) => `src/account/${name}.ts`)

const sequencer = [
  ...['append-lane', 'number-events', 'log', 'repo-positions', 'tail', 'trimmer'],
  ...['stored-events', 'stored-head', 'log-size'],
].map((name) => `src/sequencer/${name}.ts`)

// Not `wal-sync-thread`: a thread loads its file from the disk, without the mutant.
const engine = ['wal-folder', 'wal-sync'].map((name) => `src/engine/${name}.ts`)

export const defaultTargets = [...first, ...account, ...sequencer, ...engine]

/** Paths relative to the root, in the order of the globs. */
export function filesOf(globs: readonly string[]): string[] {
  const paths = globs.flatMap((glob) => globSync(glob, { cwd: root }).sort())
  return [...new Set(paths)]
}

export function absolute(path: string): string {
  return join(root, path)
}
