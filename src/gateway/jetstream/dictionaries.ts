/** The zstd dictionaries of Jetstream, as far as they are in the folder beside this file. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as zlib from 'node:zlib'

export interface Dictionary {
  /** The id that each frame compressed with it has (RFC 8878 section 5). */
  id: number
  bytes: Buffer
}

/** Of `/subscribe`: clients have a copy of their own, so it is Bluesky's or none. */
const LEGACY = 'legacy_subscribe.zdict'
/** Of `subscribeEvents`: clients ask this server for it. */
const CURRENT = 'subscribe_events.zdict'

const MAGIC = 0xec30a437

export interface Dictionaries {
  legacy: Dictionary | undefined
  current: Dictionary | undefined
}

/** Undefined for one that is missing, and if this Node has no zstd. Throws if a file is no dictionary. */
export function readDictionaries(folder = join(import.meta.dirname, 'dictionaries')): Dictionaries {
  const hasZstd = typeof zlib.createZstdCompress === 'function'
  const read = (name: string): Dictionary | undefined => {
    const file = join(folder, name)
    return hasZstd && existsSync(file) ? dictionaryOf(readFileSync(file), name) : undefined
  }
  return { legacy: read(LEGACY), current: read(CURRENT) }
}

function dictionaryOf(bytes: Buffer, name: string): Dictionary {
  if (bytes.length < 8 || bytes.readUInt32LE(0) !== MAGIC) {
    throw new Error(`${name} is not a zstd dictionary`)
  }
  return { id: bytes.readUInt32LE(4), bytes }
}

let known: Dictionaries | undefined

/** Of this process, read once. */
export function dictionaries(): Dictionaries {
  known ??= readDictionaries()
  return known
}
