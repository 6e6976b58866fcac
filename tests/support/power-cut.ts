/**
 * A power cut without a second machine: the server and its engine are killed, and then everything that the server has
 * not synced is taken out of the engine's log. It is checked from outside which syncs the server makes
 * (`record-syncs.mjs`). Tables and the manifest are RocksDB's own duty; to cut those too needs root (`npm run power-cut`).
 */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { TestServer } from '#tests/support/server.ts'

const recorder = join(import.meta.dirname, 'record-syncs.mjs')

/** The variables of a server whose syncs are recorded in the file `record`. */
export function recordingSyncs(record: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=${recorder}`, SYNC_RECORD: record }
}

export interface Cut {
  /** Bytes that were written and not synced. */
  cutBytes: number
  syncs: number
}

/** Kills everything and cuts off what was not synced. The server can be started again. */
export async function cutPower(server: TestServer, record: string): Promise<Cut> {
  process.kill(server.enginePid, 'SIGKILL')
  await server.kill9()
  const { sizes, names, syncs } = readRecord(record)
  const folder = join(server.dir, 'engine/db')
  let cutBytes = 0
  for (const name of readdirSync(folder).filter((name) => /^\d+\.log$/.test(name))) {
    const path = join(folder, name)
    const { size } = statSync(path)
    const synced = names.has(name) ? (sizes.get(name) ?? 0) : 0
    cutBytes += size - Math.min(size, synced)
    if (names.has(name)) truncateSync(path, Math.min(size, synced))
    else rmSync(path)
  }
  rmSync(record, { force: true })
  return { cutBytes, syncs }
}

/** The synced size of each log, and the synced names of the store's folder. */
function readRecord(record: string) {
  const lines = existsSync(record) ? readFileSync(record, 'utf8').trimEnd().split('\n') : []
  const sizes = new Map<string, number>()
  let names = new Set<string>()
  let syncs = 0
  for (const line of lines) {
    const [kind, path = '', ...rest] = line.split(' ')
    if (kind === 'folder' && basename(path) === 'db') names = new Set(rest)
    else if (kind === 'file' && path.endsWith('.log')) {
      sizes.set(basename(path), Number(rest[0]))
      syncs++
    }
  }
  return { sizes, names, syncs }
}
