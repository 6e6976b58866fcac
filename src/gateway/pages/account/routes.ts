/** The routes of the account area. Every request checks the browser's session, every form also its token. */
import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import { forbidden, XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { appPasswordsSection } from '#src/gateway/pages/account/app-passwords.ts'
import { appsSection } from '#src/gateway/pages/account/apps.ts'
import { accountArea, accountPath } from '#src/gateway/pages/account/area.ts'
import { activitySection } from '#src/gateway/pages/account/data/activity.ts'
import { exportSection } from '#src/gateway/pages/account/data/export.ts'
import { filesSection } from '#src/gateway/pages/account/data/files.ts'
import { dataSection } from '#src/gateway/pages/account/data/overview.ts'
import { recordSection } from '#src/gateway/pages/account/data/record.ts'
import { recordsSection } from '#src/gateway/pages/account/data/records.ts'
import { deleteSection } from '#src/gateway/pages/account/delete.ts'
import { emailSection } from '#src/gateway/pages/account/email.ts'
import { groupsSection } from '#src/gateway/pages/account/groups.ts'
import { handleSection } from '#src/gateway/pages/account/handle.ts'
import { type HistoryContext, historyArea } from '#src/gateway/pages/account/history.ts'
import { invitesSection } from '#src/gateway/pages/account/invites.ts'
import { openLive } from '#src/gateway/pages/account/live.ts'
import { overviewSection } from '#src/gateway/pages/account/overview.ts'
import { profileSection } from '#src/gateway/pages/account/profile.ts'
import { recoverySection } from '#src/gateway/pages/account/recovery.ts'
import { pathOf, type Section, type Visit } from '#src/gateway/pages/account/section.ts'
import { accountTexts } from '#src/gateway/pages/account/texts.ts'
import { archivesSection } from '#src/gateway/pages/archives/section.ts'
import { areaRoutes } from '#src/gateway/pages/area/area-routes.ts'
import { errorText } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, mayHaveFile, readFileForm, readForm } from '#src/gateway/pages/form.ts'
import { moveSection } from '#src/gateway/pages/move/section.ts'
import { openOwnSession, requireOwner } from '#src/gateway/pages/owner.ts'
import { mustPassCsrfCheck, type PageSession } from '#src/gateway/pages/page-session.ts'
import { type Html, type Note, renderArea, renderPage } from '#src/gateway/pages/shell.ts'
import { signInPage } from '#src/gateway/pages/sign-in/own-page.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import { rateLimitExceeded } from '#src/gateway/xrpc/rate-limit-headers.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'

type C = Context<Env>

const sections: readonly Section[] = [
  ...[overviewSection, profileSection, appsSection, appPasswordsSection, emailSection],
  ...[recoverySection, handleSection, invitesSection, groupsSection, moveSection, deleteSection],
  ...[dataSection, recordsSection, recordSection, filesSection, exportSection, activitySection],
  archivesSection,
]

export function accountPages(app: Hono<Env>, context: HistoryContext): void {
  const { publicUrl } = context.server.service

  async function visitOf(c: C, session: PageSession): Promise<Visit> {
    const { account, name, pageToken } = await requireOwner(context, session)
    return {
      ...{ c, context, session, account, name, did: pageToken.did },
      texts: accountTexts(session),
      client: clientInfoOf(context.server.addressOf, c.env?.incoming),
    }
  }

  async function show(section: Section, visit: Visit, note?: Note, status = 200) {
    const { session, name, texts } = visit
    const isBeside = note?.field !== undefined
    const { path, within = path, islands = [] } = section
    const isLive = context.live !== undefined && (await section.live?.isFor(visit)) === true
    // Taken before the page is read, so that no event is missed.
    const after = context.live?.position
    const body = await section.show(visit, note)
    return renderArea(session, {
      area: accountArea(session, { owner: name, current: within }),
      title: texts.text(section.title),
      body: isLive ? livePart(visit, pathOf(section, 'live'), { after, body }) : body,
      islands: isLive ? [...islands, 'live'] : islands,
      owner: name,
      // A note about a field is shown beside it.
      ...(!isBeside && { note }),
      status,
    })
  }

  async function respond(
    c: C,
    section: Section,
    work: (session: PageSession) => Promise<Response>,
  ): Promise<Response> {
    const session = await openOwnSession(context, c)
    const response = await work(session).catch((error) => failed(c, section, session, error))
    return withCookies(c, response)
  }

  async function failed(c: C, section: Section, session: PageSession, error: unknown) {
    const known = error instanceof XrpcError ? error : new XrpcError(500, '', 'Internal Error')
    const { status } = known
    const isGet = c.req.method === 'GET'
    if (status === 401 || known.error === 'StalePage') {
      const { text } = session.messages
      const reason = text(status === 401 ? 'sessionEnded' : 'pageExpired')
      const note = isGet ? undefined : { text: reason, bad: true }
      const next = pathOf(section)
      const page = await signInPage(context, session, { next, ...(note && { note }) })
      return new Response(page.body, { status: isGet ? 200 : status, headers: page.headers })
    }
    if (status >= 500) context.log.error({ id: c.env?.requestId, err: error }, 'page failed')
    if (status === 413) {
      const visit = await visitOf(c, session)
      return show(section, visit, noteOf(section, visit, known), status)
    }
    const text = errorText(session, known)
    const body = html`<p class="lead">${text}</p><a class="button wide" href="${accountPath}">${session.messages.text('back')}</a>`
    const response = await renderPage(session, { title: 'account', body, narrow: true, status })
    for (const [name, value] of Object.entries(retryHeader(status))) {
      response.headers.set(name, value)
    }
    return response
  }

  /** Throws 429. */
  async function count(nsid: string | undefined, { c, did }: Visit, form: Form): Promise<void> {
    const request = c.env?.incoming
    if (nsid === undefined || request === undefined) return
    const status = await context.rateLimits?.({ nsid, request, caller: { did }, input: form })
    if (status?.isRefused) throw rateLimitExceeded(status)
  }

  async function readSectionForm(c: C, session: PageSession, { maxFileBytes }: Section) {
    const timeoutMs = context.bodyTimeoutMs
    if (maxFileBytes === undefined) return { form: await readForm(c, timeoutMs), file: undefined }
    // Before a file of a caller without a session is read.
    if (mayHaveFile(c)) await requireOwner(context, session)
    return readFileForm(c, { timeoutMs, maxFileBytes })
  }

  async function submit(c: C, section: Section, session: PageSession, name: string) {
    const { form, file } = await readSectionForm(c, session, section)
    mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
    const visit = await visitOf(c, session)
    try {
      await count(section.counted?.[name], visit, form)
      const outcome = await section.forms![name]!(visit, form, file)
      if (outcome instanceof Response) return outcome
      if (outcome !== undefined) return await show(section, visit, outcome, outcome.bad ? 400 : 200)
      return c.redirect(`${pathOf(section)}?done`, 303)
    } catch (error) {
      if (!(error instanceof XrpcError) || error.status >= 500) throw error
      // The password of a form may be wrong, while the session is right.
      const again = await visitOf(c, session)
      const response = await show(section, again, noteOf(section, again, error, form), error.status)
      for (const [key, value] of Object.entries(error.headers ?? {})) {
        response.headers.set(key, value)
      }
      return response
    }
  }

  async function load(c: C, section: Section, session: PageSession, name: string) {
    // Nor does a page of another site make this server read a whole account.
    if (c.req.header('sec-fetch-site') === 'cross-site') throw forbidden('Not from this server')
    const visit = await visitOf(c, session)
    try {
      return await section.downloads![name]!(visit)
    } catch (error) {
      if (!(error instanceof XrpcError) || error.status >= 500) throw error
      return show(section, visit, noteOf(section, visit, error), error.status)
    }
  }

  for (const section of sections) {
    app.get(pathOf(section), (c) =>
      respond(c, section, async (session) => {
        const visit = await visitOf(c, session)
        const isDone = c.req.query('done') !== undefined
        const text = section.doneText?.(visit) ?? visit.texts.text('saved')
        return show(section, visit, isDone ? { text } : undefined)
      }),
    )
    for (const name of Object.keys(section.downloads ?? {})) {
      app.get(pathOf(section, name), (c) =>
        respond(c, section, (session) => load(c, section, session, name)),
      )
    }
    const { live } = section
    if (live !== undefined) {
      app.get(pathOf(section, 'live'), (c) =>
        openLive(context, c, live, async () => visitOf(c, await openOwnSession(context, c))),
      )
    }
    for (const name of Object.keys(section.forms ?? {})) {
      app.post(pathOf(section, name), (c) =>
        respond(c, section, (session) => submit(c, section, session, name)),
      )
    }
  }
  areaRoutes(app, context, historyArea(context))
  // Links to the library's account pages, such as /account/u/<did>/manage.
  app.get(`${accountPath}/u/*`, (c) => c.redirect(accountPath, 302))
}

/** What the island `live` keeps up to date. */
function livePart({ c }: Visit, path: string, page: { after: number | undefined; body: Html }) {
  const { after, body } = page
  const position = after === undefined ? '' : html` data-after="${after}"`
  return html`<div data-live="${path}${new URL(c.req.url).search}"${position}>${body}</div>`
}

function noteOf(section: Section, visit: Visit, error: XrpcError, form: Form = {}): Note {
  const { session, texts } = visit
  const explained = section.explain?.(visit, error)
  if (explained !== undefined) return explained
  if (error.status === 429) return { text: session.messages.text('tooManyAttempts'), bad: true }
  const [key, ...fields] = section.errors?.[error.error] ?? []
  const field = fields.find((name) => form[name] !== undefined) ?? fields[0]
  const text = key === undefined ? errorText(session, error) : texts.text(key)
  return { text, bad: true, ...(field !== undefined && { field, typed: form[field] }) }
}
