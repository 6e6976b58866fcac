/** The section on app passwords. */
import { html } from 'hono/html'
import { accountArea } from '#src/gateway/pages/account/area.ts'
import type { Section, Visit } from '#src/gateway/pages/account/section.ts'
import { badge, card, table, timeOf } from '#src/gateway/pages/blocks.ts'
import { actionForm, field } from '#src/gateway/pages/form-blocks.ts'
import { hiddenFields, renderArea } from '#src/gateway/pages/shell.ts'
import { newAppPassword } from '#src/rules/passwords.ts'

const MAX_NAME_LENGTH = 100

export const appPasswordsSection: Section = {
  path: '/app-passwords',
  title: 'appPasswords',
  counted: { create: 'com.atproto.server.createAppPassword' },

  async show({ account, session, texts }, note) {
    const { text } = session.messages
    const { passwords } = await account.appPassword.list()
    const rows = passwords.map(({ name, createdAt, privileged }) => {
      const remove = actionForm(session, {
        ...{ action: '/account/app-passwords/remove', label: text('remove') },
        ...{ fields: { name }, about: name },
      })
      const rights = privileged ? badge(text('privileged'), 'warn') : ''
      return [html`${name} ${rights}`, timeOf(session, createdAt), remove]
    })
    const head = [text('appName'), text('date'), '']
    const list = table({ label: texts.text('appPasswords'), head, rows, empty: text('none') })
    const form = html`<form method="post" action="/account/app-passwords/create">${hiddenFields(session)}
${field({ name: 'name', label: text('appName'), required: true, maxLength: MAX_NAME_LENGTH, autocomplete: 'off' }, note)}
${field({ name: 'privileged', label: text('privileged'), type: 'check' })}
<button>${text('create')}</button></form>`
    const help = { help: text('appPasswordsHelp'), bare: true }
    return card(texts.text('appPasswords'), html`${list}${form}`, help)
  },

  forms: {
    create: async (visit, form) => {
      const { account, session, client } = visit
      const name = (form['name'] ?? '').trim().slice(0, MAX_NAME_LENGTH) || 'app'
      const { passwords } = await account.appPassword.list()
      if (passwords.some((existing) => existing.name === name)) {
        return { text: session.messages.text('nameTaken'), bad: true, field: 'name' }
      }
      const privileged = form['privileged'] === 'yes'
      const input = { name, privileged, password: newAppPassword(), client }
      const { password } = await account.appPassword.create(input)
      return secretPage(visit, password)
    },
    remove: async ({ account, client }, { name = '' }) => {
      await account.appPassword.revoke({ name, client })
      return undefined
    },
  },
}

/** The only page that shows the password. */
function secretPage({ session, name: owner, texts }: Visit, password: string): Promise<Response> {
  const { text } = session.messages
  const body = html`<section><p>${text('copyPassword')}</p>
<div class="secret codes"><div>${password}</div></div></section>
<p><a class="button quiet" href="/account/app-passwords">${text('back')}</a></p>`
  const area = accountArea(session, { owner, current: '/app-passwords' })
  return renderArea(session, { area, title: texts.text('appPasswords'), body, owner })
}
