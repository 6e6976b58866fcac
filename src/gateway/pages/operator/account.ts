/** The routes of one account: its page, and the actions of an operator on it. */
import type { AdminState } from '#src/account/lifecycle/admin-state.ts'
import type { AccountInfo } from '#src/directory/search-accounts.ts'
import { invalidRequest, XrpcError } from '#src/errors.ts'
import * as admin from '#src/gateway/methods/com.atproto.admin.ts'
import { suspendAccount } from '#src/gateway/operator/suspend-account.ts'
import type { Form } from '#src/gateway/pages/form.ts'
import { isTyped, wronglyTyped } from '#src/gateway/pages/form-blocks.ts'
import { accountView } from '#src/gateway/pages/operator/account-view.ts'
import { accountSection } from '#src/gateway/pages/operator/accounts.ts'
import { type ConsoleCall, required } from '#src/gateway/pages/operator/console-call.ts'
import type { ConsolePorts } from '#src/gateway/pages/operator/console-ports.ts'
import type { ConsoleRoutes, ShowPage } from '#src/gateway/pages/operator/console-routes.ts'
import type { DoneKey } from '#src/gateway/pages/operator/done-notes.ts'
import { mailPasswordReset } from '#src/gateway/workflows/password-reset.ts'

export function accountPage(ports: ConsolePorts, { get, post }: ConsoleRoutes): void {
  const { server } = ports
  const { directory } = server.dispatch

  /** Throws 404 for a DID that is not of an account here, so that it gets no actor. */
  async function accountOf({ c, text }: ConsoleCall): Promise<AccountInfo> {
    const [account] = await directory.accounts.getInfos({ dids: [c.req.param('did') ?? ''] })
    if (account === undefined) throw new XrpcError(404, 'NotFound', text('noSuchAccount'))
    return account
  }

  const show: ShowPage = async (call, note, status = 200) => {
    const info = await accountOf(call)
    const { did } = info
    const account = server.dispatch.account(did)
    const [state, factors, { events }, invites, tenants, audit] = await Promise.all([
      account.moderation.getState() as Promise<AdminState>,
      account.factors.overview(),
      account.factors.events(),
      directory.invites.byAccount({ dids: [did] }),
      directory.tenantAccounts.tenantsOf({ dids: [did] }),
      directory.operatorAudit.list({ target: did, limit: 10 }),
    ])
    const more = { invites: invites[did], tenant: tenants[did], audit: audit.entries }
    const body = accountView(call.session, { info, state, factors, events, note, ...more })
    return call.render({ title: info.handle, body, note: note?.field ? undefined : note, status })
  }

  /** `act` returns the note to show afterwards. */
  function action(
    name: string,
    act: (call: ConsoleCall, account: AccountInfo, form: Form) => Promise<DoneKey>,
  ): void {
    post(
      `/accounts/:did/${name}`,
      async (call, form) => {
        const account = await accountOf(call)
        return call.redirect(accountSection(account.did), await act(call, account, form))
      },
      show,
    )
  }

  const setTakedown = (call: ConsoleCall, did: string, applied: boolean, ref?: string) => {
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did }
    const takedown = { applied, ...(ref !== undefined && { ref }) }
    return call.run(admin.updateSubjectStatus, { subject, takedown }, did)
  }
  const setDeactivated = (call: ConsoleCall, did: string, applied: boolean) => {
    const subject = { $type: 'com.atproto.admin.defs#repoRef', did }
    return call.run(admin.updateSubjectStatus, { subject, deactivated: { applied } }, did)
  }

  get('/accounts/:did', show)
  action('takedown', async (call, { did }, { reason }) => {
    await setTakedown(call, did, true, reason?.trim() || undefined)
    return 'takendown'
  })
  action('lift-takedown', async (call, { did }) => {
    await setTakedown(call, did, false)
    return 'restored'
  })
  action('suspend', async (call, { did }) => {
    await call.audit('suspend', { target: did })
    await suspendAccount(server, did, true)
    return 'suspended'
  })
  action('lift-suspension', async (call, { did }) => {
    await call.audit('lift suspension', { target: did })
    await suspendAccount(server, did, false)
    return 'unsuspended'
  })
  action('deactivate', async (call, { did }) => {
    await setDeactivated(call, did, true)
    return 'deactivated'
  })
  action('activate', async (call, { did }) => {
    await setDeactivated(call, did, false)
    return 'activated'
  })
  action('announce', async (call, { did }) => {
    await call.audit('announce', { target: did })
    await server.dispatch.account(did).lifecycle.announce()
    return 'announced'
  })
  action('reset-mail', async (call, { did, email }) => {
    if (email === null) throw invalidRequest(call.text('noEmail'))
    await call.audit('mail a password reset', { target: did })
    await mailPasswordReset(server, did, undefined)
    return 'reset-sent'
  })
  action('handle', async (call, { did }, { handle }) => {
    const wanted = required(call, handle, call.text('handle')).replace(/^@/, '').toLowerCase()
    await call.run(admin.updateAccountHandle, { did, handle: wanted }, did)
    return 'saved'
  })
  action('email', async (call, { did }, { email }) => {
    const input = { account: did, email: required(call, email, call.text('email')) }
    await call.run(admin.updateAccountEmail, input, did)
    return 'saved'
  })
  action('disable-invites', async (call, { did }) => {
    await call.run(admin.disableAccountInvites, { account: did }, did)
    return 'disabled'
  })
  action('enable-invites', async (call, { did }) => {
    await call.run(admin.enableAccountInvites, { account: did }, did)
    return 'enabled'
  })
  post(
    '/accounts/:did/remove-factors',
    async (call, form) => {
      const { did, handle } = await accountOf(call)
      if (!isTyped(form, handle)) return show(call, wronglyTyped(call.session), 400)
      await call.audit('remove second factors', { target: did })
      await server.dispatch.account(did).factors.removeAll({})
      return call.redirect(accountSection(did), 'factors-removed')
    },
    show,
  )
  post(
    '/accounts/:did/delete',
    async (call, form) => {
      const { did, handle } = await accountOf(call)
      if (!isTyped(form, handle)) return show(call, wronglyTyped(call.session), 400)
      await call.run(admin.deleteAccount, { did }, did)
      return call.redirect('/accounts', 'deleted')
    },
    show,
  )
}
