/**
 * The page at /account/act-as/<group>: whoever is signed in on the browser and is a member chooses to act as the group
 * in apps; others sign in first. An app's sign-in as a group comes here if it is not clear who acts.
 */
import type { Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { actAsPath, isActAsPage } from '#src/gateway/pages/act-as-path.ts'
import { actAsView } from '#src/gateway/pages/act-as-view.ts'
import { type Form, readForm } from '#src/gateway/pages/form.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import {
  mustPassCsrfCheck,
  openPageSession,
  type PageSession,
} from '#src/gateway/pages/page-session.ts'
import { parseReturnTo } from '#src/gateway/pages/return-to.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { signInOptions } from '#src/gateway/pages/sign-in.ts'
import { notFoundView, returnToView } from '#src/gateway/pages/sign-in-views.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { normalizeIdentifier } from '#src/rules/identifiers.ts'

type C = Context<Env>

interface Group {
  did: string
  handle: string
}

export function actAsPages(app: Hono<Env>, context: PageContext): void {
  const { publicUrl } = context.server.service
  const { directory } = context.server.dispatch

  async function findGroup(c: C): Promise<Group | undefined> {
    const identifier = normalizeIdentifier(c.req.param('group') ?? '')
    const found = await directory.accounts.find({ identifier })
    if (found === null || !(await directory.memberships.isGroup({ did: found.did }))) {
      return undefined
    }
    return found
  }

  /** The app's request to go on with. */
  function nextOf(value: unknown): string | undefined {
    const next = parseReturnTo(value, publicUrl)
    return next === undefined || isActAsPage(next) ? undefined : next
  }

  async function show(c: C, session: PageSession, group: Group, note?: Note, status = 200) {
    const incoming = c.env?.incoming
    const next = nextOf(c.req.query('next'))
    const mustSignIn = c.req.query('again') !== undefined
    const { members, hasOthers } =
      incoming === undefined
        ? { members: [], hasOthers: false }
        : await context.groups.membersOn(incoming, group.did)
    const name = group.handle
    const noMember = members.length === 0 && hasOthers
    const view = actAsView(session, {
      ...{ name, next, options: await signInOptions(context) },
      members: mustSignIn ? [] : members,
      action: `${actAsPath}/${encodeURIComponent(name)}`,
      note:
        note ?? (noMember ? { text: session.messages.text('noMemberHere', { name }) } : undefined),
    })
    return renderPage(session, { ...view, status })
  }

  async function choose(c: C, session: PageSession, group: Group, form: Form): Promise<Response> {
    const incoming = c.env?.incoming
    const { member = '' } = form
    if (incoming === undefined) return show(c, session, group)
    for (const cookie of await context.groups.actAs(incoming, { group: group.did, member })) {
      c.header('set-cookie', cookie, { append: true })
    }
    return renderPage(session, returnToView(session, nextOf(form['next']) ?? '/account'))
  }

  async function respond(
    c: C,
    work: (session: PageSession, group: Group) => Promise<Response>,
  ): Promise<Response> {
    const session = openPageSession(c, context, publicUrl)
    const group = await findGroup(c)
    if (group === undefined) return renderPage(session, notFoundView(session))
    const response = await work(session, group).catch((error) => failed(c, session, group, error))
    // Adds the cookies that were set on Hono's context.
    for (const cookie of c.newResponse(null).headers.getSetCookie()) {
      if (!response.headers.getSetCookie().includes(cookie)) {
        response.headers.append('set-cookie', cookie)
      }
    }
    return response
  }

  async function failed(c: C, session: PageSession, group: Group, error: unknown) {
    if (!(error instanceof XrpcError) || error.status >= 500) throw error
    const { text } = session.messages
    const isStale = error.error === 'StalePage'
    const reason = isStale ? text('pageExpired') : text('noMemberHere', { name: group.handle })
    const page = await show(c, session, group, { text: reason, bad: true }, error.status)
    for (const [name, value] of Object.entries(retryHeader(error.status))) {
      page.headers.set(name, value)
    }
    return page
  }

  app.get(`${actAsPath}/:group`, (c) => respond(c, (session, group) => show(c, session, group)))
  app.post(`${actAsPath}/:group`, (c) =>
    respond(c, async (session, group) => {
      const form = await readForm(c, context.bodyTimeoutMs)
      mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
      return choose(c, session, group, form)
    }),
  )
}
