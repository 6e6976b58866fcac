/** A request of an operator: renders pages, runs admin methods, and writes the audit log. */
import type { Context } from 'hono'
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { consoleNav, consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { Operator } from '#src/gateway/pages/operator/find-operator.ts'
import { type OperatorText, operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import { type AreaPage, type RenderContext, renderArea } from '#src/gateway/pages/shell.ts'
import type { Method } from '#src/gateway/xrpc/method.ts'
import { runMethod } from '#src/gateway/xrpc/run-method.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { randomLetters } from '#src/ports/random-letters.ts'
import { ADMIN_PASSWORD } from '#src/rules/operators.ts'

export interface ConsoleCall {
  readonly c: Context<Env>
  readonly session: RenderContext
  readonly operator: Operator
  readonly text: OperatorText
  render(page: ShownPage): Promise<Response>
  message(title: string, reason: string, status: number): Promise<Response>
  /** To a page of the console; `done` is a key of the notes. */
  redirect(path: string, done?: string): Response
  /** Call it before any change: a row may then be about a change that was refused, but no change lacks its row. */
  audit(action: string, about?: { target?: string; [detail: string]: unknown }): Promise<void>
  /** Runs an admin procedure as XRPC does, with a row in the audit log. */
  run<T>(method: Method, input: unknown, target?: string): Promise<T>
  /** Runs an admin query. */
  query<T>(method: Method, params: Record<string, string | undefined>): Promise<T>
}

type ShownPage = Omit<AreaPage, 'area' | 'owner' | 'withAdminPassword' | 'signOut'>

const adminKinds: readonly Method['auth'][] = [
  ...(['admin', 'moderator', 'admin or tenant', 'admin or none', 'reader'] as const),
]
const ID_LETTERS = 20

export function callOf(
  ports: ConsolePorts,
  c: Context<Env>,
  session: RenderContext,
  operator: Operator,
): ConsoleCall {
  const { server } = ports
  const { text } = operatorTexts(session)
  const path = c.req.path.slice(consolePath.length).replace(/\/$/, '')

  function render(page: ShownPage): Promise<Response> {
    const { islands = [], body, ...rest } = page
    const search = text('searchFor', { text: '{text}' })
    return renderArea(session, {
      ...rest,
      body: html`${body}<div hidden data-palette="${text('goTo')}" data-search="${search}"></div>`,
      area: { label: server.service.hostname, items: consoleNav(text, path) },
      ...(operator.actor === ADMIN_PASSWORD
        ? { withAdminPassword: true }
        : { owner: operator.name }),
      signOut: `${consolePath}/sign-out`,
      islands: [...islands, 'palette'],
    })
  }

  async function audit(
    action: string,
    { target, ...detail }: { target?: string; [detail: string]: unknown } = {},
  ): Promise<void> {
    const { ip } = clientInfoOf(server.addressOf, c.env?.incoming)
    await server.dispatch.directory.operatorAudit.add({
      ...{ id: randomLetters(1, ID_LETTERS), actor: operator.actor, action },
      ...(target !== undefined && { target }),
      ...(Object.keys(detail).length > 0 && { detail: JSON.stringify(detail) }),
      ...(ip !== undefined && { address: ip }),
    })
  }

  async function runAsAdmin(method: Method, params: unknown, input: unknown): Promise<unknown> {
    if (!adminKinds.includes(method.auth)) throw new Error(`${method.nsid} is not for the admin`)
    return runMethod(ports, method, {
      ...{ params, input, server, caller: { admin: true } },
      ...{ request: c.req.raw, incoming: c.env?.incoming, requestId: c.env?.requestId },
    })
  }

  return {
    ...{ c, session, operator, text, render, audit },
    message: (title, reason, status) =>
      render({ title, status, body: html`<section><p>${reason}</p></section>` }),
    redirect: (to, done) =>
      c.redirect(`${consolePath}${to}${done === undefined ? '' : `?done=${done}`}`, 303),
    async run<T>(method: Method, body: unknown, target?: string) {
      if (method.verb !== 'POST') throw new Error(`${method.nsid} is not a procedure`)
      const input = method.input(body)
      await audit(method.nsid, { ...(target !== undefined && { target }), ...withoutSecrets(body) })
      return (await runAsAdmin(method, {}, input)) as T
    },
    async query<T>(method: Method, params: Record<string, string | undefined>) {
      if (method.verb !== 'GET') throw new Error(`${method.nsid} is not a query`)
      const given = Object.entries(params).filter((entry): entry is [string, string] => !!entry[1])
      return (await runAsAdmin(
        method,
        method.params(`${new URLSearchParams(given)}`),
        undefined,
      )) as T
    },
  }
}

const secretFields: readonly string[] = ['password', 'secret']

function withoutSecrets(body: unknown): object {
  if (typeof body !== 'object' || body === null) return {}
  return Object.fromEntries(Object.entries(body).filter(([name]) => !secretFields.includes(name)))
}

/** A field of a form that must be given; `field` is its label. Throws 400. */
export function required(
  { text }: Pick<ConsoleCall, 'text'>,
  value: string | undefined,
  field: string,
): string {
  const given = value?.trim() ?? ''
  if (given === '') throw invalidRequest(text('missing', { field }))
  return given
}

/** A whole number in a field; undefined if it is empty. Throws 400. */
export function wholeNumber(
  { text }: Pick<ConsoleCall, 'text'>,
  value: string | undefined,
  field: string,
): number | undefined {
  const given = value?.trim() ?? ''
  if (given === '') return undefined
  if (!/^\d{1,9}$/.test(given)) throw invalidRequest(text('notANumber', { field }))
  return Number(given)
}

/** A DID or a handle, or words for the admin password. */
export function actorName(text: OperatorText, actor: string): string {
  return actor === ADMIN_PASSWORD ? text('byPassword') : actor
}
