/**
 * The routes of the operator's console: each is for operators only, each form must come from this server, and an error is
 * shown on the page of the form.
 */
import type { Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { sentenceOf } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, readForm } from '#src/gateway/pages/form.ts'
import { type ConsoleCall, callOf } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import { doneNote } from '#src/gateway/pages/operator/done-notes.ts'
import { type FoundOperator, findOperator } from '#src/gateway/pages/operator/find-operator.ts'
import { signInPage } from '#src/gateway/pages/operator/sign-in-page.ts'
import { operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import {
  mustPassCsrfCheck,
  openPageSession,
  type PageSession,
} from '#src/gateway/pages/page-session.ts'
import type { Note } from '#src/gateway/pages/shell.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>

/** `note` is about the form that was sent, or what was done. */
export type ShowPage = (call: ConsoleCall, note?: Note, status?: number) => Promise<Response>

export interface ConsoleRoutes {
  /** `path` is below the console's. */
  get(path: string, show: ShowPage): void
  /** If `act` throws an error of the caller, `show` shows it. */
  post(
    path: string,
    act: (call: ConsoleCall, form: Form) => Promise<Response>,
    show: ShowPage,
  ): void
}

export function consoleRoutes(app: Hono<Env>, ports: ConsolePorts): ConsoleRoutes {
  const { publicUrl } = ports.server.service

  async function forOperators(
    c: C,
    work: (call: ConsoleCall, session: PageSession) => Promise<Response>,
  ): Promise<Response> {
    const session = openPageSession(c, ports, publicUrl)
    const found = await findOperator(ports, c, session)
    const response =
      'operator' in found
        ? await work(callOf(ports, c, session, found.operator), session)
        : await refuse(c, session, found)
    return withCookies(c, response)
  }

  function refuse(c: C, session: PageSession, found: FoundOperator): Promise<Response> {
    const isGet = c.req.method === 'GET'
    const ended = { text: operatorTexts(session).text('signedOut'), bad: true }
    const note = isGet ? undefined : ended
    return signInPage(session, { ...found, note, status: isGet ? 200 : 401 })
  }

  return {
    get(path, show) {
      app.get(`${consolePath}${path}`, (c) =>
        forOperators(c, (call) =>
          shown(ports, call, show, doneNote(call.text, c.req.query('done'))),
        ),
      )
    },
    post(path, act, show) {
      app.post(`${consolePath}${path}`, (c) =>
        forOperators(c, async (call, session) => {
          try {
            const form = await readForm(c, ports.bodyTimeoutMs)
            mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
            return await act(call, form)
          } catch (error) {
            return failed(ports, call, show, error)
          }
        }),
      )
    },
  }
}

/** If the page cannot be rendered, a page with the reason. */
async function shown(
  ports: ConsolePorts,
  call: ConsoleCall,
  show: ShowPage,
  note: Note | undefined,
): Promise<Response> {
  try {
    return await show(call, note)
  } catch (error) {
    const { text, status } = reasonOf(ports, call, error)
    return withRetry(await call.message(call.text('cannotShow'), text, status), error)
  }
}

async function failed(
  ports: ConsolePorts,
  call: ConsoleCall,
  show: ShowPage,
  error: unknown,
): Promise<Response> {
  const { text, status } = reasonOf(ports, call, error)
  const page = show(call, { text, bad: true }, status)
  return withRetry(
    await page.catch(() => call.message(call.text('didNotWork'), text, status)),
    error,
  )
}

function reasonOf(ports: ConsolePorts, { c, session, text }: ConsoleCall, error: unknown) {
  if (error instanceof XrpcError && error.error === 'StalePage') {
    return { text: text('pageExpired'), status: 403 }
  }
  // Of a service that fails, the operator is told what it said.
  if (error instanceof XrpcError) {
    const { status, message } = error
    const sentence = status < 500 ? sentenceOf(session, error) : undefined
    return { text: sentence ?? message, status }
  }
  ports.log.error({ id: c.env?.requestId, err: error }, 'a page of the console failed')
  return { text: text('serverError'), status: 500 }
}

function withRetry(response: Response, error: unknown): Response {
  const { headers = {} } = error instanceof XrpcError ? error : {}
  const retry = headers['retry-after'] ?? retryHeader(response.status)['retry-after']
  if (retry !== undefined) response.headers.set('retry-after', retry)
  return response
}
