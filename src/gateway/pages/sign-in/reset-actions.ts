/** The forms of a forgotten password. */
import type { Form } from '#src/gateway/pages/form.ts'
import { show } from '#src/gateway/pages/sign-in/show.ts'
import { type Visit, viewContext } from '#src/gateway/pages/sign-in/visit.ts'

/** Says the same whether or not the address belongs to an account. */
export async function requestReset(visit: Visit, { email = '' }: Form): Promise<Response> {
  const { c, page, incoming, flow } = visit
  const { texts, messages } = viewContext(visit)
  const input = { locale: messages.language, email: email.trim() }
  const call = { endpoint: '/reset-password-request', input, page: flow.link({ page: 'reset' }) }
  const { status, json } = await page.call(incoming, call)
  if (status === 200) {
    return c.redirect(flow.link({ page: 'new-password', done: 'sent' }), 303)
  }
  const isTooOften = /Too many/.test(String(json['error_description']))
  const text = isTooOften ? messages.text('tooManyAttempts') : texts.text('emailWrong')
  const note = { text, bad: true, ...(!isTooOften && { field: 'email' }) }
  return show(visit, { page: 'reset' }, { email, note })
}

export async function newPassword(visit: Visit, form: Form): Promise<Response> {
  const { c, page, incoming, flow } = visit
  const { texts, messages } = viewContext(visit)
  const { code = '', password = '' } = form
  const input = { token: code.trim().toUpperCase(), password }
  const call = { endpoint: '/reset-password-confirm', input, page: flow.link({ page: 'reset' }) }
  const { status, json } = await page.call(incoming, call)
  if (status === 200) return c.redirect(flow.link({ page: 'sign-in', done: 'password' }), 303)
  const about = String(json['error_description'])
  const note = /Too many/.test(about)
    ? { text: messages.text('tooManyAttempts'), bad: true }
    : /\bpassword\b/.test(about)
      ? { text: texts.text('passwordShort'), bad: true, field: 'password' }
      : { text: texts.text('resetCodeWrong'), bad: true, field: 'code' }
  return show(visit, { page: 'new-password' }, { code, note })
}
