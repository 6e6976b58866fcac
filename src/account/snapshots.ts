/** Snapshots for running exports: each sees the repo as it was when it began, despite concurrent writes. */
import { randomUUID } from 'node:crypto'
import type { Head } from '#src/account/head.ts'
import { invalidRequest, type XrpcError } from '#src/errors.ts'
import { BoundedMap } from '#src/ports/bounded-map.ts'

/** A repo at one head; `replaced` holds the record blocks that writes have deleted since, by CID. */
export interface Snapshot<Progress> {
  readonly head: Head
  readonly replaced: Map<string, Uint8Array>
  progress: Progress
}

const IDLE_TIMEOUT_MS = 120_000
const MAX_OPEN = 100
// Ended exports whose last page can be read again.
const MAX_ENDED = 4

export class Snapshots {
  readonly #open = new Map<string, Snapshot<unknown> & { usedAt: number }>()
  readonly #ended = new BoundedMap<string, Snapshot<unknown>>(MAX_ENDED)

  get any(): boolean {
    return this.#open.size > 0
  }

  begin<P>(head: Head, progress: P, now: number): string {
    for (const [id, { usedAt }] of this.#open)
      if (now - usedAt > IDLE_TIMEOUT_MS) this.#open.delete(id)
    if (this.#open.size >= MAX_OPEN) throw invalidRequest('Too many exports of this repo at once')
    const id = randomUUID()
    this.#open.set(id, { head, replaced: new Map(), progress, usedAt: now })
    return id
  }

  /** Throws 400 ExportExpired if the export has ended, or was lost with its process. */
  use<P>(id: string, now: number): Snapshot<P> {
    const snapshot = this.#open.get(id)
    if (snapshot !== undefined) snapshot.usedAt = now
    const found = snapshot ?? this.#ended.get(id)
    if (found === undefined) throw exportExpired()
    return found as Snapshot<P>
  }

  end(id: string): void {
    const snapshot = this.#open.get(id)
    if (snapshot === undefined) return
    this.#open.delete(id)
    snapshot.replaced.clear()
    this.#ended.set(id, snapshot)
  }

  keep(cid: string, block: Uint8Array): void {
    for (const { replaced } of this.#open.values()) replaced.set(cid, block)
  }
}

export function exportExpired(): XrpcError {
  return invalidRequest('The export has ended', 'ExportExpired')
}
