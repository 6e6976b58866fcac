/** The consent page, on which a user authorizes an app or denies it access. */
import { html } from 'hono/html'
import type { AuthorizationRequest, PageAccount } from '#src/gateway/oauth/opened-page.ts'
import { canLeaveOutEmail } from '#src/gateway/oauth/scope-choices.ts'
import type { Html, Page } from '#src/gateway/pages/shell.ts'
import { permissionView } from '#src/gateway/pages/sign-in/permission-view.ts'
import { permissionsOf, withinRole } from '#src/gateway/pages/sign-in/permissions.ts'
import type { SignInContext } from '#src/gateway/pages/sign-in/texts.ts'
import {
  accountLine,
  actionForm,
  cancelForm,
  nameOf,
} from '#src/gateway/pages/sign-in/view-parts.ts'

export function consentView(
  context: SignInContext,
  request: AuthorizationRequest,
  one: PageAccount,
): Page {
  const { texts, flow, app = '' } = context
  const { scope, permissionSets, client, hint } = request
  const role = one.acting?.role
  const effective = role === undefined ? scope : withinRole(scope, role.scope, permissionSets)
  const permissions = permissionsOf(effective, permissionSets, texts.language)
  const canChooseEmail = canLeaveOutEmail(scope)
  const rows = permissions.map((permission) => permissionView(context, permission, canChooseEmail))
  const list =
    rows.length === 0
      ? ''
      : html`<p class="before">${texts.text('itMay')}</p><ul class="permissions">${rows}</ul>`
  const isDangerous =
    permissions.some(({ kind }) => kind === 'identity') &&
    !(client.isTrusted && client.isFirstParty)
  const warning = isDangerous ? html`<p class="note warn">${texts.text('identityWarning')}</p>` : ''
  const limits =
    one.acting === undefined
      ? ''
      : html`<p class="muted">${texts.text('roleLimits', { group: nameOf(one) })}</p>`
  const other =
    hint === undefined
      ? html`<p class="links"><a href="${flow.link({ page: request.accounts.length > 1 ? 'choose' : 'sign-in' })}">${texts.text('anotherAccount')}</a></p>`
      : ''
  const button = html`${list}${warning}${limits}<button class="wide">${texts.text('authorize')}</button>`
  const body = html`<p class="lead">${texts.text(rows.length === 0 ? 'wantsIdentity' : 'wantsAccess')}</p>
<div class="choice">${accountLine(context, one)}</div>
${actionForm(context, 'consent', button, {
  account: one.account.did,
  // Without it, an unchecked box and a request for no address would look the same.
  choices: canChooseEmail ? 'email' : undefined,
})}
${cancelForm(context, texts.text('deny'))}
${technical(context, request)}
${other}`
  return { title: { text: app }, body, narrow: true }
}

function technical({ texts }: SignInContext, { client, scope }: AuthorizationRequest): Html {
  const links = [
    [client.termsUrl, texts.text('appTerms')],
    [client.privacyUrl, texts.text('appPrivacy')],
  ].map(([href, label]) =>
    href === undefined
      ? ''
      : html`<a href="${href}" rel="nofollow noopener noreferrer" target="_blank">${label}</a> `,
  )
  const scopes = scope.split(' ').join('\n')
  return html`<details class="technical"><summary>${texts.text('technical')}</summary>
<p>${texts.text('identifiesAs')}</p><pre tabindex="0">${client.id}</pre>
${scope === '' ? '' : html`<p>${texts.text('asksFor')}</p><pre tabindex="0">${scopes}</pre>`}
</details>
${links.every((link) => link === '') ? '' : html`<p class="links">${links}</p>`}`
}
