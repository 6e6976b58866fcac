/** The zstd dictionaries of Jetstream: one is in the folder beside this file, the other is the operator's to add. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as zlib from 'node:zlib'

export interface Dictionary {
  /** The id that each frame compressed with it has (RFC 8878 section 5). */
  id: number
  bytes: Buffer
}

/** Of `subscribeEvents`: clients ask this server for it. */
const CURRENT = join(import.meta.dirname, 'dictionaries/subscribe_events.zdict')

const MAGIC = 0xec30a437

export interface Dictionaries {
  /** Of `/subscribe`: clients have a copy of their own, so it is Bluesky's or none. */
  legacy: Dictionary | undefined
  current: Dictionary | undefined
}

const hasZstd = typeof zlib.createZstdCompress === 'function'
let current: Dictionary | undefined

/** Undefined if this Node has no zstd. */
export function currentDictionary(): Dictionary | undefined {
  if (hasZstd) current ??= read(CURRENT)
  return current
}

/** `file` is Jetstream's `legacy_subscribe.zdict`, if the operator has it. Throws if it is no dictionary. */
export function legacyDictionary(file: string | undefined): Dictionary | undefined {
  return file === undefined || !hasZstd ? undefined : read(file)
}

function read(file: string): Dictionary {
  const bytes = readFileSync(file)
  if (bytes.length < 8 || bytes.readUInt32LE(0) !== MAGIC) {
    throw new Error(`${file} is not a zstd dictionary`)
  }
  return { id: bytes.readUInt32LE(4), bytes }
}
