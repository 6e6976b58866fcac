/** Closes sockets whose client takes nothing of what is sent to it. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { WriteProgress } from '#src/gateway/http/write-progress.ts'

const CHECKS_PER_TIMEOUT = 6

/** `leave` is for sockets that are no longer HTTP, and are watched by others. */
export function closeStalledSockets(
  server: Server,
  timeoutMs: number,
): { leave(socket: Socket): void; stop(): void } {
  const watched = new Map<Socket, WriteProgress>()

  function check(): void {
    const now = performance.now()
    for (const [socket, progress] of watched) {
      progress.check(now)
      if (progress.stalledMs(now) >= timeoutMs) socket.destroy()
    }
  }

  server.on('connection', (socket: Socket) => {
    watched.set(socket, new WriteProgress(socket))
    socket.once('close', () => watched.delete(socket))
  })
  const timer = setInterval(check, timeoutMs / CHECKS_PER_TIMEOUT)
  timer.unref()
  return { leave: (socket) => void watched.delete(socket), stop: () => clearInterval(timer) }
}
