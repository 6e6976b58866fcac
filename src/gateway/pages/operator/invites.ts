/** Invite codes: created by the operator, and disabled. */
import { html } from 'hono/html'
import type { InviteCode } from '#src/directory/admin-invite-codes.ts'
import * as admin from '#src/gateway/methods/com.atproto.admin.ts'
import * as invites from '#src/gateway/methods/com.atproto.server.invites.ts'
import { badge, card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, field, filterForm, pager } from '#src/gateway/pages/form-blocks.ts'
import { required, wholeNumber } from '#src/gateway/pages/operator/console-call.ts'
import { consolePath } from '#src/gateway/pages/operator/console-path.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import { nextPage } from '#src/gateway/pages/operator/next-page.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'

const PAGE = 50
const path = `${consolePath}/invites`

export function invitePages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const list: ShowPage = async (call, note, status = 200) => {
    const { sort: given, cursor } = call.c.req.query()
    const sort = given === 'usage' ? 'usage' : 'recent'
    const page = await call.query<{ codes: InviteCode[]; cursor?: string }>(admin.getInviteCodes, {
      ...{ sort, limit: String(PAGE), cursor },
    })
    const isOpen = !server.service.inviteRequired
    return call.render({
      ...{ title: 'Invites', wide: true, note, status },
      body: html`${isOpen ? html`<p class="note warn">Anyone may sign up without a code: PDS_INVITE_REQUIRED is false.</p>` : ''}
${newCodes(call.session)}
${filterForm(call.session, [
  {
    ...{ name: 'sort', label: 'Order', value: sort },
    options: [
      { value: 'recent', label: 'Newest first' },
      { value: 'usage', label: 'Most used first' },
    ],
  },
])}
<section>${table({ label: 'Invite codes', head: ['Code', 'Used', 'For', 'Created', 'Action'], rows: page.codes.map((code) => codeRow(call.session, code)), empty: 'There are no codes yet.' })}</section>
${pager(call.session, { after: nextPage(call.c.req.url, page.cursor) })}`,
    })
  }

  get('/invites', list)
  post(
    '/invites',
    async (call, form) => {
      const codeCount = wholeNumber(form['count'], 'The number of codes') ?? 1
      const useCount = wholeNumber(form['uses'], 'The number of uses') ?? 1
      const made = await call.run<{ codes: { account: string; codes: string[] }[] }>(
        invites.createInviteCodes,
        { codeCount, useCount },
      )
      const codes = made.codes.flatMap((one) => one.codes)
      return call.render({
        title: 'Invite codes',
        body: html`<section><p>Each code is good for ${useCount} ${useCount === 1 ? 'account' : 'accounts'}:</p>
<div class="secret">${codes.map((code) => html`<div>${code}</div>`)}</div>
<p><a class="button quiet" href="${path}">All codes</a></p></section>`,
      })
    },
    list,
  )
  post(
    '/invites/disable',
    async (call, form) => {
      const code = required(form['code'], 'The code')
      await call.run(admin.disableInviteCodes, { codes: [code] }, code)
      return call.redirect('/invites', 'disabled')
    },
    list,
  )
}

function codeRow(context: RenderContext, invite: InviteCode): (Html | string)[] {
  const { code, available, uses, disabled, forAccount, createdAt } = invite
  const isUsable = !disabled && uses.length < available
  const action = { action: `${path}/disable`, label: 'Disable', fields: { code }, about: code }
  return [
    html`<span class="mono">${code}</span>`,
    `${uses.length} of ${available}`,
    forAccount,
    timeOf(context, createdAt),
    isUsable ? actionForm(context, action) : badge(disabled ? 'disabled' : 'used up', 'quiet'),
  ]
}

function newCodes(context: RenderContext): Html {
  return card(
    'New codes',
    html`<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'count', label: 'How many', type: 'number', value: '1', required: true })}
${field({ name: 'uses', label: 'Accounts per code', type: 'number', value: '1', required: true })}
<button>Create</button></form>`,
  )
}
