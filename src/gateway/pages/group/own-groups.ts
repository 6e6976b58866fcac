/** The groups of the account that is signed in, and the form that creates one; and the page of a link to join a group. */
import type { Context, Hono } from 'hono'
import { html } from 'hono/html'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import { didOf } from '#src/gateway/pages/area/names.ts'
import { badge, card, emptyState, table } from '#src/gateway/pages/blocks.ts'
import { errorText, serverErrorText } from '#src/gateway/pages/errors/error-text.ts'
import { type Form, readForm } from '#src/gateway/pages/form.ts'
import { confirmForm, field, isTyped, pager } from '#src/gateway/pages/form-blocks.ts'
import { groupPath, groupsPath } from '#src/gateway/pages/group/group-path.ts'
import {
  findGroup,
  type GroupContext,
  type SignedIn,
  signedIn,
} from '#src/gateway/pages/group/group-visit.ts'
import { roleName } from '#src/gateway/pages/group/roles.ts'
import { groupTexts } from '#src/gateway/pages/group/texts.ts'
import {
  mustPassCsrfCheck,
  openPageSession,
  type PageSession,
} from '#src/gateway/pages/page-session.ts'
import {
  type Html,
  hiddenFields,
  type Note,
  renderArea,
  renderPage,
} from '#src/gateway/pages/shell.ts'
import { signInPage } from '#src/gateway/pages/sign-in/own-page.ts'
import { withCookies } from '#src/gateway/pages/with-cookies.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import * as group from '#src/protocol/lexicons/dev/headwater/group.ts'

type C = Context<Env>
type Show = (me: SignedIn, session: PageSession, note?: Note, status?: number) => Promise<Response>

const PAGE_GROUPS = 50

export function ownGroupPages(app: Hono<Env>, context: GroupContext): void {
  const { publicUrl } = context.server.service

  async function respond(
    c: C,
    work: (me: SignedIn, session: PageSession) => Promise<Response>,
  ): Promise<Response> {
    const session = openPageSession(c, context, publicUrl)
    const response = await signedIn(context, c, session)
      .then((me) => work(me, session))
      .catch((error) => failed(c, session, error))
    return withCookies(c, response)
  }

  async function failed(c: C, session: PageSession, error: unknown): Promise<Response> {
    const known = error instanceof XrpcError ? error : undefined
    if (known?.status === 401) {
      const { pathname, search } = new URL(c.req.url)
      return signInPage(context, session, { next: `${pathname}${search}` })
    }
    const status = known?.status ?? 500
    if (status >= 500) context.log.error({ id: c.env?.requestId, err: error }, 'a page failed')
    const text = known === undefined ? serverErrorText(session) : errorText(session, known)
    const body = html`<p class="lead">${text}</p><p><a class="button wide" href="${groupsPath}">${session.messages.text('back')}</a></p>`
    const title = { text: groupTexts(session).text('groups') }
    return renderPage(session, { title, body, narrow: true, status })
  }

  /** Shows the page again with a note if the action fails. */
  function post(
    path: string,
    act: (c: C, me: SignedIn, form: Form) => Promise<string>,
    show: (c: C) => Show,
  ) {
    app.post(path, (c) =>
      respond(c, async (me, session) => {
        const form = await readForm(c, context.bodyTimeoutMs)
        mustPassCsrfCheck(c, form['csrf'], session, publicUrl)
        try {
          const location = await act(c, me, form)
          return new Response(null, { status: 303, headers: { location } })
        } catch (error) {
          if (!(error instanceof XrpcError) || error.status >= 500) throw error
          const note = { text: errorText(session, error), bad: true }
          return show(c)(me, session, note, error.status)
        }
      }),
    )
  }

  function area(session: PageSession, me: SignedIn, current: string) {
    const { text } = groupTexts(session)
    const items = [
      { href: '/account', label: session.messages.text('account') },
      { href: groupsPath, label: text('groups'), isCurrent: current === groupsPath },
      { href: `${groupsPath}/new`, label: text('newGroup'), isCurrent: current !== groupsPath },
    ]
    return { area: { label: me.name, items }, owner: me.name }
  }

  const showNew: Show = async (me, session, note, status = 200) => {
    const { text } = groupTexts(session)
    const { domains } = await context.server.handleRules()
    const body = html`${newGroupCard(session, domains)}${convertCard(session, me, note)}`
    const page = { ...area(session, me, 'new'), title: text('newGroup'), body, status }
    return renderArea(session, { ...page, ...(note !== undefined && { note }) })
  }

  app.get(groupsPath, (c) =>
    respond(c, async (me, session) => {
      const { text } = groupTexts(session)
      const after = c.req.query('cursor')
      const { groups, cursor } = await me.call(group.list, {
        params: { limit: PAGE_GROUPS, ...(after && { cursor: after }) },
      })
      const create = html`<a class="button" href="${groupsPath}/new">${text('newGroup')}</a>`
      const list = table({
        label: text('groups'),
        head: [text('group'), text('yourRole'), text('status')],
        rows: groups.map(({ handle, role, status }) => [
          html`<a href="${groupPath(handle)}">${handle}</a>`,
          roleName(text, role),
          badge(status, status === 'active' ? 'good' : 'warn'),
        ]),
        empty: emptyState(text('noGroups'), create),
      })
      const next = cursor && `${groupsPath}?${new URLSearchParams({ cursor })}`
      const body = html`${list}${pager(session, { ...(next && { after: next }) })}`
      return renderArea(session, {
        ...area(session, me, groupsPath),
        title: text('groups'),
        body,
        actions: create,
      })
    }),
  )

  app.get(`${groupsPath}/new`, (c) => respond(c, (me, session) => showNew(me, session)))
  post(
    `${groupsPath}/new`,
    async (_, me, { name = '', domain = '' }) => {
      const { domains } = await context.server.handleRules()
      if (!domains.includes(domain)) throw invalidRequest('Unknown domain', 'UnsupportedDomain')
      const { handle } = await me.call(group.create, {
        input: { handle: `${name.trim().toLowerCase()}${domain}` },
      })
      return groupPath(handle)
    },
    () => showNew,
  )
  post(
    `${groupsPath}/convert`,
    async (_, me, form) => {
      if (!isTyped(form, me.name)) throw invalidRequest('Not what was asked for', 'WronglyTyped')
      const owner = await didOf(context.server, form['owner'] ?? '')
      await me.call(group.convert, { input: { owner } })
      return groupPath(me.name)
    },
    () => showNew,
  )

  /** The page of a link to join, also for accounts that are not members yet. */
  const showJoin =
    (c: C): Show =>
    async (me, session, note, status = 200) => {
      const found = await findGroup(context, c.req.param('group') ?? '')
      const { text } = groupTexts(session)
      const token = c.req.query('token') ?? ''
      const query = new URLSearchParams({ token })
      const body = html`<p class="lead">${text('joinHelp', { group: found.handle, name: me.name })}</p>
<form method="post" action="${groupPath(found.handle)}/join?${query}">${hiddenFields(session)}
${field({ name: 'text', label: text('joinText'), type: 'area', maxLength: 300 })}
<button class="wide">${text('join')}</button></form>`
      return renderPage(session, {
        title: { text: found.handle },
        body,
        narrow: true,
        note,
        status,
      })
    }
  app.get(`${groupsPath}/:group/join`, (c) => respond(c, (me, session) => showJoin(c)(me, session)))
  post(
    `${groupsPath}/:group/join`,
    async (c, me, { text = '' }) => {
      const found = await findGroup(context, c.req.param('group') ?? '')
      const { status } = await me.call(group.acceptInvite, {
        input: {
          ...{ account: found.did, token: c.req.query('token') ?? '' },
          ...(text !== '' && { text }),
        },
      })
      return status === 'joined' ? groupPath(found.handle) : `${groupPath(found.handle)}/joined`
    },
    showJoin,
  )
  app.get(`${groupsPath}/:group/joined`, (c) =>
    respond(c, async (_, session) => {
      const found = await findGroup(context, c.req.param('group') ?? '')
      const { text } = groupTexts(session)
      const body = html`<p class="lead">${text('requested', { group: found.handle })}</p>
<p><a class="button wide" href="${groupsPath}">${text('groups')}</a></p>`
      return renderPage(session, { title: { text: found.handle }, body, narrow: true })
    }),
  )
}

function newGroupCard(session: PageSession, domains: readonly string[]): Html {
  const { text } = groupTexts(session)
  const options = domains.map((domain) => ({ value: domain, label: domain }))
  return card(
    text('newGroup'),
    html`<form method="post" action="${groupsPath}/new">${hiddenFields(session)}
${field({ name: 'name', label: text('groupName'), required: true, maxLength: 63, autocomplete: 'off' })}
${field({ name: 'domain', label: text('domain'), options })}
<button>${text('createGroup')}</button></form>`,
    { help: text('newGroupHelp') },
  )
}

function convertCard(session: PageSession, me: SignedIn, note: Note | undefined): Html {
  const { text } = groupTexts(session)
  const form = confirmForm(session, {
    ...{ action: `${groupsPath}/convert`, typed: me.name, label: text('convert'), note },
    before: field({ name: 'owner', label: text('firstOwner'), required: true, maxLength: 300 }),
  })
  return card(text('convert'), form, { help: text('convertHelp', { name: me.name }), danger: true })
}
