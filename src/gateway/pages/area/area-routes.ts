/** Serves the pages of an area: each request checks the caller and its permissions again. */
import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import { forbidden, XrpcError } from '#src/errors.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import type { Action, Area, AreaPage, Visit } from '#src/gateway/pages/area/area.ts'
import { errorText } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, mayHaveFile, readForm } from '#src/gateway/pages/form.ts'
import { openPageStream } from '#src/gateway/pages/live/open-page-stream.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import {
  mustPassCsrfCheck,
  openPageSession,
  type PageSession,
} from '#src/gateway/pages/page-session.ts'
import { type Html, type Note, renderArea, renderPage } from '#src/gateway/pages/shell.ts'
import { signInPage } from '#src/gateway/pages/sign-in/own-page.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>

export interface AreaContext extends PageContext {
  /** Reads a form; set for areas with file uploads. */
  readForm?(c: C): Promise<Form>
}

export function areaRoutes<V extends Visit>(
  app: Hono<Env>,
  context: AreaContext,
  area: Area<V>,
): void {
  const { publicUrl } = context.server.service

  async function respond(c: C, work: (session: PageSession) => Promise<Response>) {
    const session = openPageSession(c, context, publicUrl)
    const response = await work(session).catch((error) => failed(c, session, error))
    return withCookies(c, response)
  }

  /** The page of an error outside of the area's pages. */
  async function failed(c: C, session: PageSession, error: unknown): Promise<Response> {
    const known =
      error instanceof XrpcError ? error : new XrpcError(500, 'InternalServerError', 'Failed')
    if (known.status >= 500) {
      context.log.error({ id: c.env?.requestId, err: error }, 'a page failed')
    }
    if (known.status === 401) {
      const page = await signInPage(context, session, { next: c.req.path })
      const status = c.req.method === 'GET' ? 200 : 401
      return new Response(page.body, { status, headers: page.headers })
    }
    const text = errorText(session, known)
    const body = html`<p class="lead">${text}</p><p><a class="button wide" href="/account">${session.messages.text('back')}</a></p>`
    const { status } = known
    const title = known.status === 404 ? 'notFound' : 'account'
    const response = await renderPage(session, { title, body, narrow: true, status })
    for (const [name, value] of Object.entries(retryHeader(status))) {
      response.headers.set(name, value)
    }
    return response
  }

  async function show(
    c: C,
    page: AreaPage<V>,
    visit: V,
    more: { note?: Note | undefined; status?: number; once?: Html } = {},
  ): Promise<Response> {
    mustBeFor(page, visit)
    // Taken before the page is read, so that no event is missed.
    const after = context.live?.position
    const { note, status = 200, once } = more
    const shown = await page.show(visit, c, note)
    const isLive = shown.isLive === true && context.live !== undefined && page.live !== undefined
    const url = new URL(c.req.url)
    const query = isLive ? `${livePath(visit, page, c)}${url.search}` : ''
    const body = isLive
      ? html`<div data-live="${query}"${after === undefined ? '' : html` data-after="${after}"`}>${once ?? ''}${shown.body}</div>`
      : html`${once ?? ''}${shown.body}`
    return renderArea(visit.session, {
      ...shown,
      body,
      title: page.title(visit),
      area: area.nav?.(visit) ?? { label: visit.label, items: navOf(area, visit, page) },
      owner: visit.owner,
      // A note about a field is shown beside it.
      ...(note !== undefined && note.field === undefined && { note }),
      status,
      islands: isLive ? ['live'] : [],
    })
  }

  async function act(c: C, page: AreaPage<V>, action: Action<V>): Promise<Response> {
    return respond(c, async (session) => {
      // Before 8 MB of a caller are read who may not send them.
      if (mayHaveFile(c)) mustBeFor(page, await area.visit(c, session))
      const form = await (context.readForm?.(c) ?? readForm(c, context.bodyTimeoutMs))
      mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
      const visit = await area.visit(c, session)
      mustBeFor(page, visit)
      try {
        const result = await action(visit, form, c)
        if (result === undefined) return seeOther(`${pathOf(visit, page, c)}?done`)
        if ('goTo' in result) return seeOther(result.goTo)
        if ('response' in result) return result.response
        if ('note' in result) {
          const { note } = result
          return await show(c, page, visit, { note, status: note.bad ? 400 : 200 })
        }
        return await show(c, page, visit, { once: result.once })
      } catch (error) {
        if (!(error instanceof XrpcError) || error.status >= 500 || error.status === 401)
          throw error
        // The visitor may have lost access meanwhile.
        const again = await area.visit(c, session)
        const text = errorText(session, error)
        const { status } = error
        return show(c, page, again, { note: { text, bad: true }, status })
      }
    })
  }

  for (const page of area.pages) {
    const path = `${area.path}${page.path}`
    app.get(path, (c) =>
      respond(c, async (session) => {
        const visit = await area.visit(c, session)
        const isDone = c.req.query('done') !== undefined
        const note = isDone ? { text: session.messages.text('done') } : undefined
        return show(c, page, visit, { note })
      }),
    )
    for (const [name, action] of Object.entries(page.actions ?? {})) {
      app.post(`${path}/${name}`, (c) => act(c, page, action))
    }
    if (page.live !== undefined) app.get(`${path}/live`, (c) => openLive(c, page))
  }

  function openLive(c: C, page: AreaPage<V>): Promise<Response> {
    const session = openPageSession(c, context, publicUrl)
    return openPageStream(context, c, async () => {
      const visit = await area.visit(c, session)
      mustBeFor(page, visit)
      const { source, everyMs, fragments } = page.live!
      return {
        ...{ session, everyMs },
        source: await source?.(visit),
        // Checks the session and its permissions again.
        render: async () => {
          const again = await area.visit(c, session)
          mustBeFor(page, again)
          return fragments(again, c)
        },
      }
    })
  }
}

function mustBeFor<V extends Visit>(page: AreaPage<V>, visit: V): void {
  if (page.isFor?.(visit) === false) throw forbidden('Your role does not allow this')
}

function navOf<V extends Visit>({ pages }: Area<V>, visit: V, current: AreaPage<V>) {
  const section = sectionOf(current.path)
  return pages
    .filter((page) => page.isInNav !== false && page.isFor?.(visit) !== false)
    .map((page) => ({
      href: `${visit.base}${page.path}`,
      label: page.title(visit),
      isCurrent: page.path === section,
      badge: page.badge?.(visit),
    }))
}

/** `/accounts/:did` belongs to `/accounts`. */
function sectionOf(path: string): string {
  return path.split('/').slice(0, 2).join('/')
}

/** Of the page with the parameters of this request. */
function pathOf(visit: Visit, page: { path: string }, c: C): string {
  const path = page.path.replaceAll(/:(\w+)/g, (_, name: string) =>
    encodeURIComponent(c.req.param(name) ?? ''),
  )
  return `${visit.base}${path}`
}

function livePath(visit: Visit, page: { path: string }, c: C): string {
  return `${pathOf(visit, page, c)}/live`
}

function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location } })
}
