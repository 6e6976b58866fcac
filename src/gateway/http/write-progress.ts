/** Tells a client that reads slowly from one that reads nothing. */
import type { Socket } from 'node:net'

/** The part of a Node socket's handle that is read here; Node's own idle timeout reads it too. */
interface Handle {
  bytesWritten?: number
  writeQueueSize?: number
}

/** Bytes that the system has taken from the process; of a large write, also its parts. */
function bytesTaken(socket: Socket): number {
  const { _handle: handle } = socket as { _handle?: Handle | null }
  if (handle?.bytesWritten === undefined || handle.writeQueueSize === undefined) {
    return socket.bytesWritten - socket.writableLength
  }
  return handle.bytesWritten - handle.writeQueueSize
}

export class WriteProgress {
  readonly #socket: Socket
  #taken = 0
  #wasQueued = false
  #stalledSince: number | undefined

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** For how long, in ms, nothing has been taken of what is queued; 0 if nothing is queued. */
  stalledMs(now: number): number {
    return this.#stalledSince === undefined ? 0 : now - this.#stalledSince
  }

  /** To be called every few seconds. Whether the peer has made room since the last call, which only a reader can. */
  check(now: number): boolean {
    const taken = bytesTaken(this.#socket)
    const isQueued = this.#socket.writableLength > 0
    const hasMoved = this.#wasQueued && taken > this.#taken
    if (!isQueued) this.#stalledSince = undefined
    else if (hasMoved || this.#stalledSince === undefined) this.#stalledSince = now
    this.#taken = taken
    this.#wasQueued = isQueued
    return hasMoved
  }
}
