/** Maps names to the shards of the authorization actor by their hash. */
import { createHash } from 'node:crypto'
import type { Dispatch } from '#src/engine/dispatch.ts'

/**
 * Must never change: stored data is found by it (workflows/check-shards.ts). A shard does hundreds of transactions a
 * second; a sign-in takes ten.
 */
export const AUTHORIZATION_SHARDS = 8

export type Shard = ReturnType<Dispatch['authorization']>

export function shardOf({ authorization }: Pick<Dispatch, 'authorization'>, name: string): Shard {
  return authorization(String(shardNumberOf(name)))
}

export function shardNumberOf(name: string): number {
  return createHash('sha256').update(name).digest()[0]! % AUTHORIZATION_SHARDS
}

/** Wakes all shards, so that no request waits for the engine to start one. */
export async function wakeShards({
  authorization,
}: Pick<Dispatch, 'authorization'>): Promise<void> {
  const indexes = Array.from(
    { length: AUTHORIZATION_SHARDS },
    (_, n) => authorization(String(n)).tokenIndex,
  )
  await Promise.all(indexes.map((index) => index.find({ hash: '' })))
}

/** SHA-256, base64url. Secrets are stored as hashes only. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
