/**
 * The event stream of a console page: the parts that have changed, as HTML. It ends with the operator's session, with the
 * gateway, and after 15 minutes, when the browser connects again.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Hono } from 'hono'
import { html } from 'hono/html'
import { tooManyRequests } from '#src/errors.ts'
import { errorResponse } from '#src/gateway/http/response.ts'
import { SentFragments } from '#src/gateway/pages/live/fragments.ts'
import { type ConsoleCall, callOf } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import { findOperator } from '#src/gateway/pages/operator/find-operator.ts'
import { openPageSession } from '#src/gateway/pages/page-session.ts'
import type { Html } from '#src/gateway/pages/shell.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type Cells = Record<string, Html>

const EVERY_MS = 5_000
const MAX_MS = 15 * 60_000
/** Of this gateway, together. */
const MAX_STREAMS = 20

const headers = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  // Nginx and others would buffer events.
  'x-accel-buffering': 'no',
}

/** The parts of a page that its stream replaces, by name. */
export function liveCells(cells: Cells): Html {
  return html`${Object.entries(cells).map(([name, content]) => html`<div data-cell="${name}">${content}</div>`)}`
}

/** The returned function adds a stream; `path` is below the console's. */
export function liveRoute(
  app: Hono<Env>,
  ports: ConsolePorts,
): (path: string, read: (call: ConsoleCall) => Promise<Cells>) => void {
  const { publicUrl } = ports.server.service
  let streams = 0
  return (path, read) => {
    app.get(`${consolePath}${path}`, async (c) => {
      const session = openPageSession(c, ports, publicUrl)
      const found = await findOperator(ports, c, session)
      // 204 tells an EventSource not to reconnect.
      if (!('operator' in found)) return new Response(null, { status: 204 })
      if (streams >= MAX_STREAMS) return errorResponse(tooManyRequests(60_000))
      const call = callOf(ports, c, session, found.operator)
      const isStill = async () => 'operator' in (await findOperator(ports, c, session))
      const end = new AbortController()
      const signal = AbortSignal.any([end.signal, ports.stopping, AbortSignal.timeout(MAX_MS)])
      streams += 1
      const events = patches(() => read(call), isStill, signal)
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          const next = await events.next().catch(() => ({ done: true as const, value: undefined }))
          if (!next.done) return controller.enqueue(Buffer.from(next.value))
          leave()
          controller.close()
        },
        cancel: () => leave(),
      })
      let isOpen = true
      const leave = () => {
        if (isOpen) streams -= 1
        isOpen = false
        end.abort()
      }
      // Also of a connection that ended before its body was read, of which `pull` and `cancel` hear nothing.
      signal.addEventListener('abort', leave)
      return new Response(body, { headers })
    })
  }
}

/** A patch for each part that has changed, or a comment if none has, so that the connection stays open. */
async function* patches(
  read: () => Promise<Cells>,
  isStill: () => Promise<boolean>,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const sent = new SentFragments()
  yield ': open\n\n'
  while (!signal.aborted && (await isStill())) {
    const cells = Object.entries(await read()).map(([cell, content]) => ({ cell, html: content }))
    const text = await sent.changed(cells)
    yield text === '' ? ': nothing new\n\n' : text
    await pause(EVERY_MS, undefined, { signal, ref: false }).catch(() => {})
  }
}
