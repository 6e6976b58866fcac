/** The section on the email address, which is confirmed and changed with emailed codes; and a link to set a new password. */
import { html } from 'hono/html'
import { sendCode } from '#src/gateway/mails.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { badge, card } from '#src/gateway/pages/blocks.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { type Html, hiddenFields, type Note } from '#src/gateway/pages/shell.ts'

export const emailSection: Section = {
  path: '/email',
  title: 'email',
  counted: {
    send: 'com.atproto.server.requestEmailConfirmation',
    confirm: 'com.atproto.server.confirmEmail',
    'send-change': 'com.atproto.server.requestEmailUpdate',
    change: 'com.atproto.server.updateEmail',
  },
  errors: {
    InvalidToken: ['wrongCode', 'code'],
    ExpiredToken: ['wrongCode', 'code'],
    TokenRequired: ['codeFirst', 'code'],
    InvalidEmail: [undefined, 'email'],
    InvalidRequest: [undefined, 'email'],
  },

  async show(visit, note) {
    const { account, session, texts } = visit
    const shown = (await account.oauth.describe())?.account
    const email = shown?.email ?? null
    const isConfirmed = shown?.emailConfirmed === true
    const password = html`<a class="button quiet" href="/account/reset-password">${texts.text('newPassword')}</a>`
    return html`${card(
      texts.text('address'),
      html`<p>${email ?? texts.text('noAddress')}</p>${email === null || isConfirmed ? '' : confirmForms(visit, note)}`,
      email === null ? {} : { badge: stateOf(visit, isConfirmed) },
    )}
${card(
  texts.text('newAddress'),
  html`${isConfirmed ? actionForm(session, { action: '/account/email/send-change', label: texts.text('sendCode') }) : ''}
<form method="post" action="/account/email/change">${hiddenFields(session)}
${field({ name: 'email', label: texts.text('newAddress'), type: 'email', required: true, maxLength: 320, autocomplete: 'email' }, note)}
${isConfirmed ? codeField(visit, note) : ''}
<button>${texts.text('change')}</button></form>`,
  isConfirmed ? { help: texts.text('codeFirst') } : {},
)}
${card(texts.text('password'), password, { help: texts.text('passwordHelp') })}`
  },

  forms: {
    send: async (visit) => {
      const { account, context } = visit
      const mailed = await account.email.requestToken({ purpose: 'confirm_email' })
      await sendCode(context.server, account, mailed, 'confirmEmail')
      return sentNote(visit)
    },
    confirm: async ({ account }, { code = '' }) => {
      const email = (await account.oauth.describe())?.account.email ?? ''
      await account.email.confirm({ email, token: code.trim() })
      return undefined
    },
    'send-change': async (visit) => {
      const { account, context } = visit
      const { sent } = await account.email.requestUpdate({})
      await sendCode(context.server, account, sent, 'updateEmail')
      return sentNote(visit)
    },
    change: async (visit, { email = '', code = '' }) => {
      const { account, context, client } = visit
      const token = code.trim()
      await account.email.update({ email: email.trim(), client, ...(token !== '' && { token }) })
      const mailed = await account.email.requestToken({ purpose: 'confirm_email' })
      await sendCode(context.server, account, mailed, 'confirmEmail')
      return sentNote(visit)
    },
  },
}

function stateOf({ texts }: Visit, isConfirmed: boolean): Html {
  return isConfirmed
    ? badge(texts.text('confirmed'), 'good')
    : badge(texts.text('unconfirmed'), 'warn')
}

function confirmForms(visit: Visit, note: Note | undefined): Html {
  const { session, texts } = visit
  const send = { action: '/account/email/send', label: texts.text('sendCode') }
  return html`<p class="muted">${texts.text('emailWhy')}</p>${actionForm(session, send)}
<form method="post" action="/account/email/confirm">${hiddenFields(session)}${codeField(visit, note)}
<button>${texts.text('confirm')}</button></form>`
}

function codeField({ texts }: Visit, note: Note | undefined): Html {
  const label = texts.text('code')
  return field(
    { name: 'code', label, required: true, maxLength: 40, autocomplete: 'one-time-code' },
    note,
  )
}

async function sentNote({ account, texts }: Visit): Promise<Note> {
  const email = (await account.oauth.describe())?.account.email ?? ''
  return { text: texts.text('codeSentTo', { email }) }
}
