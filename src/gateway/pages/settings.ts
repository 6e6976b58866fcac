/** What an owner who is signed in does at the security pages: each form, and what is shown for it. */
import type { Context } from 'hono'
import { XrpcError } from '#src/errors.ts'
import { clientInfoOf } from '#src/gateway/http/client-info.ts'
import type { Owner, PageContext } from '#src/gateway/pages/page-context.ts'
import type { PageSession } from '#src/gateway/pages/page-session.ts'
import { securityPath } from '#src/gateway/pages/security-path.ts'
import { type Note, renderPage } from '#src/gateway/pages/shell.ts'
import { emailView, secretView, totpView } from '#src/gateway/pages/views.ts'
import { sendMail } from '#src/gateway/workflows/mails.ts'
import type { Env } from '#src/gateway/xrpc/xrpc-call.ts'
import { qrCode } from '#src/ports/qr-code.ts'
import { newAppPassword } from '#src/rules/passwords.ts'

type C = Context<Env>
type Form = Record<string, string | undefined>

interface Routes {
  get(path: string, show: (c: C, visit: PageSession) => Promise<Response>): void
  post(path: string, act: (c: C, visit: PageSession, form: Form) => Promise<Response>): void
  owner(visit: PageSession): Promise<Owner>
}

export function settingsRoutes(desk: PageContext, { get, post, owner }: Routes): void {
  const { server } = desk
  const where = (c: C) => clientInfoOf(server.addressOf, c.env?.incoming)
  const done = (c: C) => c.redirect(`${securityPath}?done`, 303)

  post('/passkeys', async (c, visit, { name = '', response = 'null' }) => {
    const { account } = await owner(visit)
    await account.factors.finishPasskey({ name, response: parsed(response), where: where(c) })
    return done(c)
  })
  post('/passkeys/remove', async (c, visit, { id = '' }) => {
    await (await owner(visit)).account.factors.removePasskey({ id, where: where(c) })
    return done(c)
  })

  async function totpPage(
    visit: PageSession,
    { account, name }: Owner,
    note?: Note,
  ): Promise<Response> {
    const { uri, key } = await account.factors.beginTotp()
    const view = totpView(visit, { uri, key, qr: qrCode(uri), owner: name, ...(note && { note }) })
    return renderPage(visit, view)
  }
  get('/totp', async (_, visit) => totpPage(visit, await owner(visit)))
  post('/totp', async (c, visit, { code = '' }) => {
    const known = await owner(visit)
    return retried(
      async () => {
        await known.account.factors.confirmTotp({ code, where: where(c) })
        return done(c)
      },
      () => totpPage(visit, known, wrongCode(visit)),
    )
  })
  post('/totp/remove', async (c, visit) => {
    await (await owner(visit)).account.factors.removeTotp({ where: where(c) })
    return done(c)
  })

  post('/email/begin', async (_, visit) => {
    const { account, name } = await owner(visit)
    const { email, token } = await account.factors.beginEmail()
    if (token !== undefined) await sendMail(server, email, 'codesByMail', { token })
    const note = { text: visit.messages.text('codeSent') }
    return renderPage(visit, emailView(visit, { owner: name, note }))
  })
  post('/email', async (c, visit, { code = '' }) => {
    const { account, name } = await owner(visit)
    return retried(
      async () => {
        await account.factors.confirmEmail({ code, where: where(c) })
        return done(c)
      },
      () => renderPage(visit, emailView(visit, { owner: name, note: wrongCode(visit) })),
    )
  })
  post('/email/remove', async (c, visit) => {
    await (await owner(visit)).account.factors.removeEmail({ where: where(c) })
    return done(c)
  })

  post('/recovery', async (c, visit) => {
    const { account, name } = await owner(visit)
    const { codes } = await account.factors.newRecoveryCodes({ where: where(c) })
    const help = visit.messages.text('keepCodes')
    const view = secretView(visit, { title: 'recovery', help, secrets: codes, owner: name })
    return renderPage(visit, view)
  })
  post('/code', async (_, visit) => {
    const { account, name } = await owner(visit)
    const { code } = await account.factors.newPageCode()
    const help = visit.messages.text('signInCodeHelp')
    const view = secretView(visit, { title: 'signInCode', help, secrets: [code], owner: name })
    return renderPage(visit, view)
  })

  post('/app-passwords', async (c, visit, form) => {
    const { account, name: owned } = await owner(visit)
    const name = (form['name'] ?? '').trim().slice(0, 100)
    const privileged = form['privileged'] === 'yes'
    const wish = { name: name || 'app', privileged, password: newAppPassword(), where: where(c) }
    const { passwords } = await account.appPassword.list()
    if (passwords.some((one) => one.name === wish.name)) {
      throw new XrpcError(400, 'NameTaken', 'There is an app password with this name already')
    }
    const { password } = await account.appPassword.create(wish)
    const help = visit.messages.text('keepPassword')
    const secrets = [password]
    return renderPage(
      visit,
      secretView(visit, { title: 'appPasswords', help, secrets, owner: owned }),
    )
  })
  post('/app-passwords/remove', async (c, visit, { name = '' }) => {
    await (await owner(visit)).account.appPassword.revoke({ name, where: where(c) })
    return done(c)
  })
}

/** Whoever mistypes a code may type it again. */
async function retried(
  work: () => Promise<Response>,
  again: () => Promise<Response>,
): Promise<Response> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof XrpcError && error.error === 'InvalidToken') return again()
    throw error
  }
}

function wrongCode({ messages }: PageSession): Note {
  return { text: messages.text('wrongCode'), bad: true, field: 'code' }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
