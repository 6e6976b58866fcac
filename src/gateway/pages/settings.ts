/** The forms of a signed-in owner: passkeys, authenticator app, codes by email, and recovery codes. */
import type { Context } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import { sendCode } from '#src/gateway/mails.ts'
import { renderSecurityPage } from '#src/gateway/pages/account/area.ts'
import { type Form, parseField } from '#src/gateway/pages/form.ts'
import type { Owner, PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import type { Note } from '#src/gateway/pages/shell.ts'
import { emailView, secretView, totpView } from '#src/gateway/pages/views.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { qrCode } from '#src/ports/qr-code.ts'

type C = Context<Env>

interface Routes {
  get(path: string, show: (c: C, session: PageSession) => Promise<Response>): void
  post(path: string, act: (c: C, session: PageSession, form: Form) => Promise<Response>): void
  requireOwner(session: PageSession): Promise<Owner>
}

export function settingsRoutes(context: PageContext, { get, post, requireOwner }: Routes): void {
  const { server } = context
  const clientOf = (c: C) => clientInfoOf(server.addressOf, c.env?.incoming)
  const done = (c: C) => c.redirect(`${securityPath}?done`, 303)

  post('/passkeys', async (c, session, { name = '', response }) => {
    const { account } = await requireOwner(session)
    await account.factors.finishPasskeyRegistration({
      name,
      response: parseField(response),
      client: clientOf(c),
    })
    return done(c)
  })
  post('/passkeys/remove', async (c, session, { id = '' }) => {
    await (await requireOwner(session)).account.factors.removePasskey({
      id,
      client: clientOf(c),
    })
    return done(c)
  })

  async function totpPage(
    session: PageSession,
    { account, name }: Owner,
    note?: Note,
  ): Promise<Response> {
    const { uri, key } = await account.factors.beginTotp()
    const view = totpView(session, {
      uri,
      key,
      qr: qrCode(uri),
      owner: name,
      ...(note && { note }),
    })
    return renderSecurityPage(session, view)
  }
  get('/totp', async (_, session) => totpPage(session, await requireOwner(session)))
  post('/totp', async (c, session, { code = '' }) => {
    const owner = await requireOwner(session)
    return retryOnWrongCode(
      async () => {
        await owner.account.factors.confirmTotp({ code, client: clientOf(c) })
        return done(c)
      },
      () => totpPage(session, owner, wrongCode(session)),
    )
  })
  post('/totp/remove', async (c, session) => {
    await (await requireOwner(session)).account.factors.removeTotp({ client: clientOf(c) })
    return done(c)
  })

  post('/email/begin', async (_, session) => {
    const { account, name } = await requireOwner(session)
    await sendCode(server, account, await account.factors.beginEmail({}), 'codesByMail')
    const note = { text: session.messages.text('codeSent') }
    return renderSecurityPage(session, emailView(session, { owner: name, note }))
  })
  post('/email', async (c, session, { code = '' }) => {
    const { account, name } = await requireOwner(session)
    return retryOnWrongCode(
      async () => {
        await account.factors.confirmEmail({ code, client: clientOf(c) })
        return done(c)
      },
      () =>
        renderSecurityPage(session, emailView(session, { owner: name, note: wrongCode(session) })),
    )
  })
  post('/email/remove', async (c, session) => {
    await (await requireOwner(session)).account.factors.removeEmail({ client: clientOf(c) })
    return done(c)
  })

  post('/recovery', async (c, session) => {
    const { account, name } = await requireOwner(session)
    const { codes } = await account.factors.createRecoveryCodes({ client: clientOf(c) })
    const help = session.messages.text('storeCodes')
    const view = secretView(session, {
      title: 'recovery',
      help,
      secrets: codes,
      owner: name,
    })
    return renderSecurityPage(session, view)
  })
  post('/code', async (_, session) => {
    const { account, name } = await requireOwner(session)
    const { code } = await account.factors.createPageCode()
    const help = session.messages.text('signInCodeHelp')
    const view = secretView(session, {
      title: 'signInCode',
      help,
      secrets: [code],
      owner: name,
    })
    return renderSecurityPage(session, view)
  })
}

async function retryOnWrongCode(
  work: () => Promise<Response>,
  showAgain: () => Promise<Response>,
): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof XrpcError && error.error === 'InvalidToken') return showAgain()
    throw error
  }
}

function wrongCode({ messages }: PageSession): Note {
  return { text: messages.text('wrongCode'), bad: true, field: 'code' }
}
