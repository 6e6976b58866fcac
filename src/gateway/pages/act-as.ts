/**
 * The page at /account/act-as/<group>. A member that is signed in on the browser chooses to act as the group in apps; others
 * sign in first, here or at their own server. An app's sign-in as a group leads here if it is not clear which member acts.
 */
import type { Context, Hono } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { retryHeader } from '#src/gateway/http/response.ts'
import { actAsPath, isActAsPage } from '#src/gateway/pages/act-as-path.ts'
import { actAsView } from '#src/gateway/pages/act-as-view.ts'
import { errorText } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, readForm } from '#src/gateway/pages/form.ts'
import type { PageContext } from '#src/gateway/pages/page-context.ts'
import {
  mustPassCsrfCheck,
  openPageSession,
  type PageSession,
} from '#src/gateway/pages/page-session.ts'
import { parseReturnTo } from '#src/gateway/pages/return-to.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { signInContext } from '#src/gateway/pages/sign-in/own-page.ts'
import { signInOptions } from '#src/gateway/pages/sign-in.ts'
import { notFoundView, returnToView } from '#src/gateway/pages/sign-in-views.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { claimedHandle } from '#src/protocol/did-document.ts'
import { isPublicName, normalizeIdentifier } from '#src/rules/identifiers.ts'

type C = Context<Env>

interface Group {
  did: string
  handle: string
}

interface Shown {
  note?: Note
  status?: number
  /** The app's request; that of the address if it is absent. */
  next?: string | undefined
}

export function actAsPages(app: Hono<Env>, context: PageContext): void {
  const { publicUrl } = context.server.service
  const { directory } = context.server.dispatch

  async function findGroup(c: C): Promise<Group | undefined> {
    const identifier = normalizeIdentifier(c.req.param('group') ?? '')
    const found = isPublicName(identifier) ? await directory.accounts.find({ identifier }) : null
    if (found === null || !(await directory.memberships.isGroup({ did: found.did }))) {
      return undefined
    }
    return found
  }

  /** The path of the app's authorization request, to continue with. */
  function nextOf(value: unknown): string | undefined {
    const next = parseReturnTo(value, publicUrl)
    return next === undefined || isActAsPage(next) ? undefined : next
  }

  /** The account that has just signed in at another server, and whether it is a member. */
  async function memberElsewhere(c: C, group: Group) {
    const proven = context.membersElsewhere?.provenMember(c.req.header('cookie'))
    if (proven === undefined) return undefined
    const { did } = proven
    const membership = await directory.memberships.find({ account: group.did, member: did })
    const document = await context.server.resolver.resolve(did).catch(() => undefined)
    const handle = document && claimedHandle(document)
    return { did, handle, isMember: membership !== null }
  }

  async function show(
    c: C,
    session: PageSession,
    group: Group,
    { note, status = 200, next = nextOf(c.req.query('next')) }: Shown = {},
  ) {
    const incoming = c.env?.incoming
    const { did, handle: name } = group
    const { members, hasOthers } =
      incoming === undefined
        ? { members: [], hasOthers: false }
        : await context.groups.membersOn(incoming, did)
    const elsewhere = await memberElsewhere(c, group)
    const local = c.req.query('again') === undefined ? members : []
    const others = local.filter((member) => member.did !== elsewhere?.did)
    const choices = elsewhere?.isMember ? [elsewhere, ...others] : local
    const noMember = members.length === 0 && (hasOthers || elsewhere?.isMember === false)
    const view = actAsView(signInContext(session, next ?? pathOf(group)), {
      ...{ name, next, options: await signInOptions(context), members: choices },
      action: pathOf(group),
      canSignInElsewhere: context.membersElsewhere !== undefined,
      note: note ?? (noMember ? { text: noMemberHere(session, group) } : undefined),
    })
    return renderPage(session, { ...view, status })
  }

  async function choose(c: C, session: PageSession, group: Group, form: Form): Promise<Response> {
    const incoming = c.env?.incoming
    const { member = '' } = form
    if (incoming === undefined) return show(c, session, group)
    const { membersElsewhere } = context
    const isProven = membersElsewhere?.provenMember(c.req.header('cookie'))?.did === member
    const input = { group: group.did, member, isProven }
    for (const cookie of await context.groups.actAs(incoming, input)) {
      c.header('set-cookie', cookie, { append: true })
    }
    if (isProven && membersElsewhere) {
      c.header('set-cookie', membersElsewhere.forgetMember, { append: true })
    }
    return renderPage(session, returnToView(session, nextOf(form['next']) ?? '/account'))
  }

  /** Sends the browser to the member's own server, and back to this page. */
  async function signInElsewhere(c: C, session: PageSession, group: Group, form: Form) {
    const { membersElsewhere } = context
    if (membersElsewhere === undefined) return show(c, session, group)
    const next = nextOf(form['next'])
    const query = next === undefined ? '' : `?${new URLSearchParams({ next })}`
    const identifier = normalizeIdentifier(form['identifier'] ?? '')
    return membersElsewhere.signInElsewhere(c, { identifier, returnTo: pathOf(group) + query })
  }

  async function respond(
    c: C,
    work: (session: PageSession, group: Group) => Promise<Response>,
  ): Promise<Response> {
    const session = openPageSession(c, context, publicUrl)
    const group = await findGroup(c)
    if (group === undefined) return renderPage(session, notFoundView(session))
    const response = await work(session, group).catch((error) => failed(c, session, group, error))
    return withCookies(c, response)
  }

  /** `form` has the app's request, which must not be lost. */
  async function failed(c: C, session: PageSession, group: Group, error: unknown, form: Form = {}) {
    if (!(error instanceof XrpcError)) throw error
    const isNoMember = error.error === 'NotAMember'
    const reason = isNoMember ? noMemberHere(session, group) : errorText(session, error)
    const page = await show(c, session, group, {
      ...{ note: { text: reason, bad: true }, status: error.status },
      next: nextOf(form['next']),
    })
    for (const [name, value] of Object.entries(retryHeader(error.status))) {
      page.headers.set(name, value)
    }
    return page
  }

  function post(
    path: string,
    act: (c: C, session: PageSession, group: Group, form: Form) => Promise<Response>,
  ) {
    app.post(`${actAsPath}/:group${path}`, (c) =>
      respond(c, async (session, group) => {
        const form = await readForm(c, context.bodyTimeoutMs)
        try {
          mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
          return await act(c, session, group, form)
        } catch (error) {
          return failed(c, session, group, error, form)
        }
      }),
    )
  }

  app.get(`${actAsPath}/:group`, (c) => respond(c, (session, group) => show(c, session, group)))
  post('', choose)
  post('/elsewhere', signInElsewhere)
}

function pathOf({ handle }: Group): string {
  return `${actAsPath}/${encodeURIComponent(handle)}`
}

function noMemberHere({ messages }: PageSession, { handle: name }: Group): string {
  return messages.text('noMemberHere', { name })
}
