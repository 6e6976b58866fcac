/** The section on pausing the account, and on deleting it with the password, a code and the typed handle. */
import { html } from 'hono/html'
import { invalidRequest } from '#src/errors.ts'
import { sendCode } from '#src/gateway/mails.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { card } from '#src/gateway/pages/blocks.ts'
import {
  actionForm,
  confirmForm,
  field,
  isTyped,
  wronglyTyped,
} from '#src/gateway/pages/form-blocks.ts'
import { setPageToken } from '#src/gateway/pages/page-session.ts'
import { renderPage } from '#src/gateway/pages/shell.ts'

const MAX_PASSWORD_LENGTH = 512

export const deleteSection: Section = {
  path: '/delete',
  title: 'leave',
  counted: {
    send: 'com.atproto.server.requestAccountDelete',
    confirm: 'com.atproto.server.deleteAccount',
  },
  errors: {
    AuthenticationRequired: ['wrongPassword', 'password'],
    InvalidToken: ['wrongCode', 'code'],
    ExpiredToken: ['wrongCode', 'code'],
  },

  async show({ account, session, name, texts }, note) {
    const isPaused = (await account.oauth.describe())?.account.status === 'deactivated'
    const pause = isPaused
      ? actionForm(session, { action: '/account/resume', label: texts.text('resume') })
      : actionForm(session, { action: '/account/delete/pause', label: texts.text('pause') })
    const fields = html`${field({ name: 'password', label: texts.text('ownPassword'), type: 'password', required: true, maxLength: MAX_PASSWORD_LENGTH, autocomplete: 'current-password' }, note)}
${field({ name: 'code', label: texts.text('code'), required: true, maxLength: 40, autocomplete: 'one-time-code' }, note)}`
    const form = confirmForm(session, {
      ...{ action: '/account/delete/confirm', typed: name, label: texts.text('deleteNow') },
      ...{ before: fields, note },
    })
    const send = actionForm(session, {
      action: '/account/delete/send',
      label: texts.text('sendCode'),
    })
    return html`${card(texts.text('pauseTitle'), pause, { help: texts.text(isPaused ? 'pausedHelp' : 'pauseHelp') })}
${card(texts.text('deleteTitle'), html`<p>${texts.text('deleteStep')}</p>${send}${form}`, { help: texts.text('deleteHelp'), danger: true })}`
  },

  forms: {
    pause: async ({ account }) => {
      const change = { active: false, deleteAfter: null, dropCredentials: true }
      await account.lifecycle.changeState(change)
      return undefined
    },
    send: async ({ account, context, texts }) => {
      const mailed = await account.email.requestToken({ purpose: 'delete_account' })
      await sendCode(context.server, account, mailed, 'deleteAccount')
      const email = (await account.oauth.describe())?.account.email ?? ''
      return { text: texts.text('codeSentTo', { email }) }
    },
    confirm: async (visit, form) => {
      const { account, did, name, client, context } = visit
      const { password = '', code = '' } = form
      if (!isTyped(form, name)) return wronglyTyped(visit.session)
      if (password.length > MAX_PASSWORD_LENGTH) throw invalidRequest('Wrong', 'InvalidToken')
      await account.lifecycle.authorizeDeletion({ password, token: code.trim(), client })
      await context.server.deleteAccount(did)
      return goodbye(visit)
    },
  },
}

function goodbye({ c, session, context, texts }: Visit): Promise<Response> {
  setPageToken(c, context.server.service.publicUrl, undefined)
  const body = html`<p class="lead">${texts.text('deletedHelp')}</p>`
  return renderPage(session, { title: { text: texts.text('deleted') }, body, narrow: true })
}
