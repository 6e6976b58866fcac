/** The routes of the pages for signing in, signing up, a new password and consent. */
import type { Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { pathOf } from '#src/gateway/http/request-path.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { readForm } from '#src/gateway/pages/form.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import { mustPassCsrfCheck, openPageSession } from '#src/gateway/pages/page-session.ts'
import { returnToCookie } from '#src/gateway/pages/return-to.ts'
import { renderPage } from '#src/gateway/pages/shell.ts'
import { actions } from '#src/gateway/pages/sign-in/actions.ts'
import { errorView } from '#src/gateway/pages/sign-in/error-view.ts'
import { flowOf, type PageName, type State } from '#src/gateway/pages/sign-in/flow.ts'
import {
  authorizePath,
  isSignInPage,
  resetPath,
  signInPath,
  signInPaths,
  signUpPath,
  stateParams,
} from '#src/gateway/pages/sign-in/paths.ts'
import { show } from '#src/gateway/pages/sign-in/show.ts'
import type { ActionName } from '#src/gateway/pages/sign-in/view-parts.ts'
import { type Visit, viewContext } from '#src/gateway/pages/sign-in/visit.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>

export function signInPages(app: Hono<Env>, context: PageContext): void {
  const { publicUrl } = context.server.service

  async function visitOf(c: C): Promise<Visit> {
    const incoming = c.env?.incoming
    if (incoming === undefined) throw new Error('the sign-in pages need a connection')
    return {
      ...{ c, context, incoming },
      session: openPageSession(c, context, publicUrl),
      flow: flowOf(urlOf(c)),
      page: await context.authorizationPage(),
    }
  }

  async function respond(c: C, work: (visit: Visit) => Promise<Response>): Promise<Response> {
    const visit = await visitOf(c)
    const returnTo = returnToCookie(visit.incoming, publicUrl)
    if (returnTo !== undefined) c.header('set-cookie', returnTo, { append: true })
    const response = await work(visit).catch((error: unknown) => failed(visit, error))
    return withCookies(c, response)
  }

  async function failed(visit: Visit, error: unknown): Promise<Response> {
    const known = error instanceof XrpcError ? error : undefined
    const status = known?.status ?? 500
    if (status >= 500) context.log.error({ id: visit.c.env?.requestId, err: error }, 'page failed')
    const view = viewContext(visit)
    if (known?.error === 'StalePage') {
      const note = { text: view.messages.text('pageExpired'), bad: true }
      return show(visit, stateOf(urlOf(visit.c)), { note, status })
    }
    const described = {
      code: known?.error ?? 'server_error',
      description: status < 500 ? (known?.message ?? '') : '',
    }
    const response = await renderPage(view, errorView(view, described, status))
    for (const [name, value] of Object.entries(retryHeader(status))) {
      response.headers.set(name, value)
    }
    return response
  }

  for (const path of signInPaths) {
    app.get(path, (c, next) => {
      if (!isSpelled(c)) return next()
      return respond(c, (visit) => show(visit, stateOf(urlOf(c))))
    })
    app.post(path, (c, next) => {
      if (!isSpelled(c)) return next()
      return respond(c, async (visit) => {
        const form = await readForm(c, context.bodyTimeoutMs)
        mustPassCsrfCheck(c, form['csrf'], visit.session, publicUrl)
        const { do: name = '' } = form
        if (!Object.hasOwn(actions, name)) return show(visit, stateOf(urlOf(c)))
        return actions[name as ActionName](visit, form)
      })
    })
  }
}

/**
 * Hono decodes a path, and `OAuth.handle`, which knows the client's address and counts its attempts, does not: by another
 * spelling, such as /account/sign%2Dup, a sign-up would not be counted.
 */
function isSpelled(c: C): boolean {
  return isSignInPage(pathOf(c.env?.incoming?.url))
}

function urlOf(c: C): URL {
  return new URL(c.req.url)
}

const firstPages: Readonly<Record<string, PageName>> = {
  [signInPath]: 'sign-in',
  [signUpPath]: 'sign-up',
  [resetPath]: 'reset',
}
const pageNames: readonly string[] = [
  'choose',
  'sign-in',
  'step',
  'sign-up',
  'reset',
  'new-password',
]

function stateOf({ pathname, searchParams }: URL): State {
  const found = stateParams.flatMap((name) => {
    const value = searchParams.get(name)
    return value === null ? [] : [[name, value]]
  })
  const { page, ...state } = Object.fromEntries(found) as Record<string, string>
  const first = pathname === authorizePath ? undefined : firstPages[pathname]
  const named = page !== undefined && pageNames.includes(page) ? (page as PageName) : first
  return { ...state, ...(named !== undefined && { page: named }) }
}
