/** Which shard keeps what: by the hash of its name, so that no shard is everybody's. */
import { createHash } from 'node:crypto'
import type { Dispatch } from '#src/engine/dispatch.ts'

/** Never to be changed: it says where everything is. Each does hundreds of transactions a second; a sign-in takes ten. */
const SHARDS = 8

export type Shard = ReturnType<Dispatch['authorization']>

export function shardOf({ authorization }: Pick<Dispatch, 'authorization'>, name: string): Shard {
  return authorization(String(createHash('sha256').update(name).digest()[0]! % SHARDS))
}

/** Has all of them awake: for the first call to each the engine must start it, and somebody would wait for that. */
export async function wakeShards({
  authorization,
}: Pick<Dispatch, 'authorization'>): Promise<void> {
  const names = Array.from({ length: SHARDS }, (_, n) => authorization(String(n)).tokenIndex)
  await Promise.all(names.map((shard) => shard.find({ hash: '' })))
}

/** What is kept of a secret: nobody who reads a database can use it. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url')
}
