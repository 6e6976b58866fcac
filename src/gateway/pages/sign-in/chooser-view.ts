/** The pages about the accounts of the browser: the choice of one, and one that is deactivated. */
import { html } from 'hono/html'
import type { PageAccount } from '#src/gateway/oauth/opened-page.ts'
import { actAsPath } from '#src/gateway/pages/act-as-path.ts'
import type { Page } from '#src/gateway/pages/shell.ts'
import { leadToApp } from '#src/gateway/pages/sign-in/sign-in-view.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'
import {
  accountLine,
  actionForm,
  cancelForm,
  nameOf,
} from '#src/gateway/pages/sign-in/view-parts.ts'

export function chooserView(context: SignInContext, accounts: readonly PageAccount[]): Page {
  const { texts, messages, flow, app } = context
  const rows = accounts.map((one) => {
    const label = messages.text('continueAs', { name: nameOf(one) })
    const hint = one.mustSignIn ? html`<small class="end">${texts.text('mustSignIn')}</small>` : ''
    return html`<li><a class="choice" href="${chosenPath(context, one)}" title="${label}">${accountLine(context, one)}${hint}</a></li>`
  })
  const body = html`${leadToApp(context, app)}
<ul class="choices">${rows}
<li><a class="choice" href="${flow.link({ page: 'sign-in' })}"><span class="avatar" aria-hidden="true">+</span><span class="named">${texts.text('anotherAccount')}</span></a></li></ul>
${cancelForm(context)}
<p class="links"><a href="${flow.link({ page: 'sign-up' })}">${texts.text('createAccount')}</a></p>`
  return { title: { text: texts.text('chooseAccount') }, body, narrow: true }
}

/** Members of a group sign in as themselves, on the page of the group. */
function chosenPath({ flow }: SignInContext, { account, acting, mustSignIn }: PageAccount): string {
  if (acting === undefined || !mustSignIn) return flow.link({ account: account.did })
  const query = new URLSearchParams({ next: flow.link({ account: account.did }), again: '' })
  return `${actAsPath}/${encodeURIComponent(account.handle ?? account.did)}?${query}`
}

export function reactivateView(context: SignInContext, one: PageAccount): Page {
  const { texts } = context
  const button = html`<button class="wide">${texts.text('reactivate')}</button>`
  const body = html`<p class="lead">${texts.text('isDeactivated', { name: nameOf(one) })}</p>
${actionForm(context, 'reactivate', button, { account: one.account.did })}
${cancelForm(context)}`
  return { title: { text: texts.text('welcomeBack') }, body, narrow: true }
}
