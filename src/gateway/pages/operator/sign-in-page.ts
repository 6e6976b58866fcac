/** The sign-in of operators: with the admin password, or with their own account on the account pages. */
import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import { authRequired, XrpcError } from '#src/errors.ts'
import { withElement } from '#src/gateway/pages/blocks.ts'
import { errorText } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, readForm } from '#src/gateway/pages/form.ts'
import { field } from '#src/gateway/pages/form-blocks.ts'
import { callOf } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import { findOperator } from '#src/gateway/pages/operator/find-operator.ts'
import {
  operatorSessionOf,
  operatorToken,
  readOperatorToken,
  setOperatorToken,
} from '#src/gateway/pages/operator/operator-session.ts'
import { operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import {
  mustPassCsrfCheck,
  openPageSession,
  type PageSession,
  setPageToken,
} from '#src/gateway/pages/page-session.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import {
  hiddenFields,
  type Note,
  type RenderContext,
  renderPage,
} from '#src/gateway/pages/shell.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import { failedAdmin } from '#src/gateway/xrpc/rate-limit-policy.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { equalSecrets } from '#src/ports/equal-secrets.ts'
import { atLeast } from '#src/ports/pause.ts'
import { ADMIN_PASSWORD } from '#src/rules/operators.ts'

type C = Context<Env>

/** Slows down guessing, also without rate limits. */
const MIN_DURATION_MS = 350

export function signInPage(
  session: RenderContext,
  input: { lacksFactor?: string; note?: Note | undefined; status?: number },
): Promise<Response> {
  const { lacksFactor, note, status = 200 } = input
  const { text } = operatorTexts(session)
  const link = (key: 'ownAccountLink' | 'noSecondFactorLink') =>
    html`<a href="${securityPath}">${text(key)}</a>`
  const password = field(
    {
      ...{ name: 'password', label: text('adminPassword'), type: 'password', required: true },
      maxLength: 512,
      autocomplete: 'current-password',
    },
    note?.field === undefined ? undefined : note,
  )
  const asThemselves =
    lacksFactor === undefined
      ? html`<p class="muted">${withElement(text('ownAccount', { link: '\n' }), link('ownAccountLink'))}</p>`
      : html`<p class="note warn" role="status">${withElement(text('noSecondFactor', { name: lacksFactor, link: '\n' }), link('noSecondFactorLink'))}</p>`
  return renderPage(session, {
    ...{ title: { text: text('operator') }, narrow: true, status },
    note: note?.field === undefined ? note : undefined,
    body: html`<p class="lead">${text('signInLead')}</p>
<form method="post" action="${consolePath}/sign-in">${hiddenFields(session)}
${password}
<button class="wide">${text('signIn')}</button></form>
${asThemselves}`,
  })
}

export function signInRoutes(app: Hono<Env>, ports: ConsolePorts): void {
  const { server, clock, rateLimits, adminPassword } = ports
  const { publicUrl } = server.service

  /** Wrong passwords count with those of the admin methods. Throws 401, 429. */
  async function mustBeAdminPassword(c: C, password: string): Promise<void> {
    const verify = () => {
      if (adminPassword === undefined || !equalSecrets(password, adminPassword)) {
        throw authRequired('The password is wrong.')
      }
    }
    const request = c.env?.incoming
    if (rateLimits === undefined || request === undefined) return verify()
    const call = { nsid: failedAdmin, request, caller: undefined, input: undefined }
    await rateLimits.attempt(call, verify, isWrongPassword)
  }

  async function signIn(c: C, session: PageSession, form: Form): Promise<Response> {
    mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
    await atLeast(MIN_DURATION_MS, mustBeAdminPassword(c, form['password'] ?? ''))
    await callOf(ports, c, session, { actor: ADMIN_PASSWORD, name: ADMIN_PASSWORD }).audit(
      'sign in',
    )
    setOperatorToken(c, publicUrl, operatorToken(ports, clock.now()))
    return c.redirect(consolePath, 303)
  }

  app.post(`${consolePath}/sign-in`, async (c) => {
    const session = openPageSession(c, ports, publicUrl)
    try {
      return withCookies(c, await signIn(c, session, await readForm(c, ports.bodyTimeoutMs)))
    } catch (error) {
      if (!(error instanceof XrpcError)) throw error
      const isStale = error.error === 'StalePage'
      const text = isStale ? session.messages.text('pageExpired') : reasonOf(session, error)
      const note = { text, bad: true, ...(!isStale && { field: 'password' }) }
      const page = await signInPage(session, { note, status: error.status })
      const retry = error.headers?.['retry-after']
      if (retry !== undefined) page.headers.set('retry-after', retry)
      return withCookies(c, page)
    }
  })

  app.post(`${consolePath}/sign-out`, async (c) => {
    const session = openPageSession(c, ports, publicUrl)
    try {
      const form = await readForm(c, ports.bodyTimeoutMs)
      mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
    } catch {
      return withCookies(c, c.redirect(consolePath, 303))
    }
    const found = await findOperator(ports, c, session)
    if ('operator' in found) {
      const { pageToken } = session
      const token = readOperatorToken(c, publicUrl) ?? ''
      const ended = operatorSessionOf(ports, token, clock.now())
      if (ended !== undefined) await server.dispatch.directory.operatorSessions.end(ended)
      setOperatorToken(c, publicUrl)
      if (found.operator.actor !== ADMIN_PASSWORD && pageToken !== undefined) {
        await server.dispatch.account(pageToken.did).page.end({ token: pageToken.token })
        setPageToken(c, publicUrl, undefined)
      }
    }
    return withCookies(c, c.redirect(consolePath, 303))
  })
}

function reasonOf(session: RenderContext, error: XrpcError): string {
  return isWrongPassword(error)
    ? operatorTexts(session).text('wrongPassword')
    : errorText(session, error)
}

function isWrongPassword(error: unknown): boolean {
  return error instanceof XrpcError && error.status === 401
}
