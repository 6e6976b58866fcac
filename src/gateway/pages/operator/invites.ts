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
import { operatorTexts } from '#src/gateway/pages/operator/texts.ts'
import { type Html, hiddenFields, type RenderContext } from '#src/gateway/pages/shell.ts'

const PAGE = 50
const path = `${consolePath}/invites`

export function invitePages({ server }: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const list: ShowPage = async (call, note, status = 200) => {
    const { text } = call
    const { sort: given, cursor } = call.c.req.query()
    const sort = given === 'usage' ? 'usage' : 'recent'
    const page = await call.query<{ codes: InviteCode[]; cursor?: string }>(admin.getInviteCodes, {
      ...{ sort, limit: String(PAGE), cursor },
    })
    // A page that is not full has a cursor, too, as that of the reference PDS.
    const next = page.codes.length < PAGE ? undefined : page.cursor
    const head = [text('code'), text('used'), text('codeFor'), text('created'), '']
    const isOpen = !server.service.inviteRequired
    return call.render({
      ...{ title: text('invites'), wide: true, note, status },
      body: html`${isOpen ? html`<p class="note warn">${text('openSignUp')}</p>` : ''}
${newCodes(call.session)}
${filterForm(call.session, [
  {
    ...{ name: 'sort', label: text('order'), value: sort },
    options: [
      { value: 'recent', label: text('newestFirst') },
      { value: 'usage', label: text('mostUsed') },
    ],
  },
])}
<section>${table({ label: text('inviteCodes'), head, rows: page.codes.map((code) => codeRow(call.session, code)), empty: text('noCodes') })}</section>
${pager(call.session, { after: nextPage(call.c.req.url, next) })}`,
    })
  }

  get('/invites', list)
  post(
    '/invites',
    async (call, form) => {
      const { text } = call
      const codeCount = wholeNumber(call, form['count'], text('howMany')) ?? 1
      const useCount = wholeNumber(call, form['uses'], text('accountsPerCode')) ?? 1
      const made = await call.run<{ codes: { account: string; codes: string[] }[] }>(
        invites.createInviteCodes,
        { codeCount, useCount },
      )
      const codes = made.codes.flatMap((one) => one.codes)
      return call.render({
        title: text('inviteCodes'),
        body: html`<section><p>${text('eachCode', { n: useCount })}</p>
<div class="secret">${codes.map((code) => html`<div>${code}</div>`)}</div>
<p><a class="button quiet" href="${path}">${text('allCodes')}</a></p></section>`,
      })
    },
    list,
  )
  post(
    '/invites/disable',
    async (call, form) => {
      const code = required(call, form['code'], call.text('code'))
      await call.run(admin.disableInviteCodes, { codes: [code] }, code)
      return call.redirect('/invites', 'disabled')
    },
    list,
  )
}

function codeRow(context: RenderContext, invite: InviteCode): (Html | string)[] {
  const { text } = operatorTexts(context)
  const { code, available, uses, disabled, forAccount, createdAt } = invite
  const isUsable = !disabled && uses.length < available
  const action = {
    action: `${path}/disable`,
    label: text('disable'),
    fields: { code },
    about: code,
  }
  return [
    html`<span class="mono">${code}</span>`,
    text('ofTotal', { n: uses.length, total: available }),
    forAccount === 'admin' ? text('operator') : forAccount,
    timeOf(context, createdAt),
    isUsable ? actionForm(context, action) : badge(text(disabled ? 'disabled' : 'usedUp'), 'quiet'),
  ]
}

function newCodes(context: RenderContext): Html {
  const { text } = operatorTexts(context)
  return card(
    text('newCodes'),
    html`<form method="post" action="${path}">${hiddenFields(context)}
${field({ name: 'count', label: text('howMany'), type: 'number', value: '1', required: true })}
${field({ name: 'uses', label: text('accountsPerCode'), type: 'number', value: '1', required: true })}
<button>${text('create')}</button></form>`,
  )
}
